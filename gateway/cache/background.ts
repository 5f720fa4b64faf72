/** Work that nobody waits for but the end of the process. */
export type Background = AsyncDisposable & { readonly run: (work: () => Promise<unknown>) => void };

/** A failure of such work is told where it happens, and changes nothing here. */
export function backgroundWork(): Background {
  const running = new Set<Promise<unknown>>();
  return {
    run(work) {
      const done = work()
        .catch(() => undefined)
        .finally(() => running.delete(done));
      running.add(done);
    },
    async [Symbol.asyncDispose]() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
