/** Where a supergraph comes from: one text now, and perhaps newer ones later. */
export type SupergraphSource = AsyncDisposable & {
  /** The SDL to start with. */
  readonly sdl: string;
  /** Begins to look for newer texts; a text that could not be had is reported and the old one stays. */
  readonly watch: (listener: SupergraphListener) => void;
};

type SupergraphListener = {
  readonly onChange: (sdl: string) => void;
  readonly onFailure: (error: unknown) => void;
};

type Poll = { readonly everyMs: number; readonly read: () => Promise<string> };

/** Reads again and again, one read at a time, and tells of every text that differs from the one before. */
export async function polledSource({ everyMs, read }: Poll): Promise<SupergraphSource> {
  const sdl = await read();
  let last = sdl;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const look = async ({ onChange, onFailure }: SupergraphListener): Promise<void> => {
    try {
      const found = await read();
      if (found !== last && !closed) onChange(found);
      last = found;
    } catch (error) {
      onFailure(error);
    }
  };
  const again = (listener: SupergraphListener): void => {
    timer = setTimeout(() => void look(listener).then(() => closed || again(listener)), everyMs);
    timer.unref();
  };
  return {
    sdl,
    watch: again,
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** A text that never changes. */
export const fixedSource = (sdl: string): SupergraphSource => ({
  sdl,
  watch: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});
