/** A text that may change: what it is now, and whoever wants to know of newer ones. */
export type WatchedText = AsyncDisposable & {
  readonly text: string;
  /** What it is at this moment. */
  readonly read: () => Promise<string>;
  /** Begins to look for newer texts; a text that could not be had is reported, once for one reason, and the old one stays. */
  readonly watch: (listener: TextListener) => void;
};

export type TextListener = {
  readonly onChange: (text: string) => void;
  readonly onFailure: (error: unknown) => void;
};

export type Poll = { readonly everyMs: number; readonly read: () => Promise<string> };

/** Reads again and again, one read at a time, and tells of every text that differs from the one before. */
export async function polledText({ everyMs, read }: Poll): Promise<WatchedText> {
  const text = await read();
  let last = text;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let reported: string | undefined;
  const look = async ({ onChange, onFailure }: TextListener): Promise<void> => {
    try {
      const found = await read();
      if (found !== last && !closed) onChange(found);
      last = found;
      reported = undefined;
    } catch (error) {
      if (String(error) !== reported) onFailure(error);
      reported = String(error);
    }
  };
  const again = (listener: TextListener): void => {
    timer = setTimeout(() => void look(listener).then(() => closed || again(listener)), everyMs);
    timer.unref();
  };
  return {
    text,
    read,
    watch: again,
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
