import type { ExecutionResult } from 'graphql';
import type { CacheLookup } from '#gateway/request.ts';
import type { Kept, Seen } from './answer.ts';
import type { Basis, Near } from './store.ts';
import type { Tag } from './tags.ts';

type Data = NonNullable<ExecutionResult['data']>;

/** An answer of an operation that was put together of kept parts only. */
export type WholeAnswer = {
  /** Frozen, as many answers share it. */
  readonly data: Data;
  readonly parts: readonly Part[];
  /** How many parts each subgraph and status has. */
  readonly counts: readonly Count[];
  /** True where a part is for its reader alone. */
  readonly isPrivate: boolean;
  /** By the store's clock, before any part has to be renewed. */
  readonly endsAt: number;
  readonly bytes: number;
  /** Replaced by its newer state. */
  basis: Basis;
};

type Part = { readonly lookup: Omit<CacheLookup, 'ageSeconds'>; readonly createdAt: number };

type Count = Pick<CacheLookup, 'subgraph' | 'status'> & { readonly times: number };

/** Undefined where any part was not kept, or was about to be renewed. */
export function wholeAnswer({ data, errors = [] }: ExecutionResult, lookups: readonly Seen[]): WholeAnswer | undefined {
  if (data == null || errors.length > 0 || lookups.length === 0) return undefined;
  const kept = lookups.flatMap((lookup) => lookup.kept ?? []);
  const basis = kept.length === lookups.length ? basisOf(lookups) : undefined;
  if (basis === undefined) return undefined;
  return {
    data: Object.freeze(data),
    parts: lookups.flatMap(partOf),
    counts: countsOf(lookups),
    isPrivate: lookups.some(({ scope }) => scope === 'PRIVATE'),
    endsAt: Math.min(...kept.map(endOf)),
    bytes: bytesOf(kept, basis),
    basis,
  };
}

/** Look-ups as they would have been found now. */
export const lookupsAt = ({ parts }: WholeAnswer, now: number): readonly CacheLookup[] =>
  parts.map(({ lookup, createdAt }) => ({ ...lookup, ageSeconds: Math.max(0, now - createdAt) / 1_000 }));

/** Parts that disagree about a tag were read around an invalidation of it: they have no common basis. */
function basisOf(lookups: readonly Seen[]): Basis | undefined {
  const stamps = new Map<Tag, string>();
  let near: Near | undefined;
  for (const { tags, kept } of lookups) {
    for (const [index, tag] of tags.entries()) {
      const stamp = kept?.fence.stamps[index] ?? '';
      if ((stamps.get(tag) ?? stamp) !== stamp) return undefined;
      stamps.set(tag, stamp);
    }
    near = earlier(near, kept?.fence.near);
  }
  return { tags: [...stamps.keys()], stamps: [...stamps.values()], near };
}

function earlier(one: Near | undefined, other: Near | undefined): Near | undefined {
  if (one === undefined || other === undefined) return other;
  return { sequence: Math.min(one.sequence, other.sequence), until: Math.min(one.until, other.until) };
}

function partOf({ kept, ageSeconds: _, ...lookup }: Seen): readonly Part[] {
  return kept === undefined ? [] : [{ lookup, createdAt: kept.entry.createdAt }];
}

/** From here on chance decides whether a part is renewed before its end (judge in sight.ts): earlier it does so once in 20,000 times. */
const renewalCosts = 10;

const endOf = ({ entry: { createdAt, freshMs, costMs } }: Kept): number => createdAt + freshMs - renewalCosts * costMs;

function countsOf(lookups: readonly Seen[]): readonly Count[] {
  const groups = Map.groupBy(lookups, ({ subgraph, status }) => `${status} ${subgraph}`);
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ subgraph: first.subgraph, status: first.status, times: 1 + others.length }],
  );
}

/** An object takes about four times its JSON, which is kept beside it, and a tag with its stamp about 200 bytes. */
const bytesOf = (kept: readonly Kept[], { tags }: Basis): number =>
  kept.reduce((bytes, { entry }) => bytes + 5 * entry.text.length + 300, 500 + 200 * tags.length);
