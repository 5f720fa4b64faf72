import type { Entry, Fence, Found, OnFault } from './store.ts';

export type Ages = {
  /** Longest time that any answer is kept fresh, whatever is declared. */
  readonly maxAgeSeconds: number;
  /** So long after its time an answer is still served while a newer one is fetched (RFC 5861). */
  readonly staleSeconds: number;
  /** So long after its time an answer stands in for one that cannot be had (RFC 5861). */
  readonly staleIfErrorSeconds: number;
  /** How long it is remembered that something is not there. */
  readonly negativeSeconds: number;
};

/** What an entry is good for. */
export type Sight =
  | {
      readonly kind: 'served';
      readonly status: 'hit' | 'stale' | 'negative';
      readonly value: unknown;
      readonly entry: Entry;
      readonly ageMs: number;
      readonly fence: Fence;
      /** True where a newer one should be fetched meanwhile. */
      readonly isDue: boolean;
    }
  | { readonly kind: 'missing'; readonly fence: Fence; readonly fallback?: Fallback };

/** Past its time, but better than nothing. */
type Fallback = { readonly entry: Entry; readonly ageMs: number };

type Options = {
  readonly ages: Ages;
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onFault: OnFault;
};

export function judge({ ages, now, random, onFault }: Options): (found: Found) => Sight {
  return ({ entry, fence }) => {
    if (entry === undefined) return { kind: 'missing', fence };
    const ageMs = Math.max(0, now() - entry.createdAt);
    if (ageMs >= entry.keepMs) return { kind: 'missing', fence };
    const isFresh = ageMs < entry.freshMs;
    if (!isFresh && ageMs >= entry.freshMs + staleMs(entry, ages)) return { kind: 'missing', fence, fallback: { entry, ageMs } };
    const value = valueIn(entry);
    if (value === undefined) {
      onFault({ kind: 'corrupt' });
      return { kind: 'missing', fence };
    }
    const isDue = !isFresh || isNearlyOver(entry, entry.freshMs - ageMs, random());
    return { kind: 'served', status: statusOf(isFresh, value), value, entry, ageMs, fence, isDue };
  };
}

function statusOf(isFresh: boolean, value: unknown): 'hit' | 'stale' | 'negative' {
  if (!isFresh) return 'stale';
  return value === null ? 'negative' : 'hit';
}

/** That something is not there is never told beyond its time. */
const staleMs = ({ text }: Entry, { staleSeconds }: Ages): number => (text === 'null' ? 0 : staleSeconds * 1_000);

/** The sooner the end and the dearer the fetch, the likelier: what is asked for often is renewed before its time, by one of many. */
const isNearlyOver = ({ costMs }: Entry, leftMs: number, random: number): boolean => -costMs * Math.log(1 - random) >= leftMs;

/** A value of its own for each use: whoever gets it may change it. Undefined for what is not JSON. */
export function valueIn({ text }: Pick<Entry, 'text'>): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
