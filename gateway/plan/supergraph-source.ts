import type { Poll, TextListener } from '#kit/polled-text.ts';
import { polledText } from '#kit/polled-text.ts';

/** Where a supergraph comes from: one text now, and perhaps newer ones later. */
export type SupergraphSource = AsyncDisposable & {
  /** The SDL to start with. */
  readonly sdl: string;
  /** The SDL of this moment. */
  readonly read: () => Promise<string>;
  /** Begins to look for newer texts; a text that could not be had is reported and the old one stays. */
  readonly watch: (listener: TextListener) => void;
};

/** A text that is read again and again. */
export async function polledSource(poll: Poll): Promise<SupergraphSource> {
  const { text, ...source } = await polledText(poll);
  return { sdl: text, ...source };
}

/** A text that never changes. */
export const fixedSource = (sdl: string): SupergraphSource => ({
  sdl,
  read: async () => sdl,
  watch: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});
