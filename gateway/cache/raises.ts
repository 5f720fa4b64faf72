import type { Tag } from './tags.ts';
import { everythingTag } from './tags.ts';

/** Which tags were raised here or elsewhere, as far as this process knows, and in which order. */
export type Raises = {
  /** Number of the last one. */
  readonly last: () => number;
  readonly note: (tags: readonly Tag[]) => void;
  /** Whatever was read before this moment is of no use any more. */
  readonly noteAll: () => void;
  /** Whether none of these tags was raised after this number. */
  readonly areGood: (tags: readonly Tag[], since: number) => boolean;
  /** Stand in for the stamps of a store that is away. */
  readonly stampsOf: (tags: readonly Tag[]) => readonly string[];
};

/** Tags that are remembered; past them everything counts as raised. */
const maxTags = 50_000;

export function raises(): Raises {
  const raisedAt = new Map<Tag, number>();
  let sequence = 0;
  let floor = 0;
  const noteAll = (): void => {
    raisedAt.clear();
    floor = ++sequence;
  };
  return {
    last: () => sequence,
    noteAll,
    note(tags) {
      if (raisedAt.size > maxTags || tags.includes(everythingTag)) noteAll();
      sequence += 1;
      for (const tag of tags) raisedAt.set(tag, sequence);
    },
    areGood: (tags, since) => since === sequence || (since >= floor && tags.every((tag) => (raisedAt.get(tag) ?? 0) <= since)),
    stampsOf: (tags) => tags.map((tag) => `${floor}.${raisedAt.get(tag) ?? 0}`),
  };
}
