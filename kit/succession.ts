/** One holder after the other: what began with one ends with it, and it is closed once the last of that has ended. */
export type Succession<Holder> = AsyncDisposable & {
  /** Runs `work` with the holder of this moment. */
  readonly use: <Result>(work: (holder: Holder) => Promise<Result>) => Promise<Result>;
  readonly replace: (next: Holder) => void;
};

type Tenure<Holder> = { readonly holder: Holder; running: number; retired: boolean };

/** Disposal does not wait for what runs: it closes every holder that is still open. */
export function succession<Holder extends AsyncDisposable>(first: Holder): Succession<Holder> {
  const begin = (holder: Holder): Tenure<Holder> => ({ holder, running: 0, retired: false });
  let current = begin(first);
  const open = new Set([current]);
  const closeWhenIdle = (tenure: Tenure<Holder>): void => {
    if (!tenure.retired || tenure.running > 0 || !open.delete(tenure)) return;
    void tenure.holder[Symbol.asyncDispose]();
  };
  return {
    async use(work) {
      const tenure = current;
      tenure.running += 1;
      try {
        return await work(tenure.holder);
      } finally {
        tenure.running -= 1;
        closeWhenIdle(tenure);
      }
    },
    replace(next) {
      const previous = current;
      current = begin(next);
      open.add(current);
      previous.retired = true;
      closeWhenIdle(previous);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open].map(({ holder }) => holder[Symbol.asyncDispose]()));
    },
  };
}
