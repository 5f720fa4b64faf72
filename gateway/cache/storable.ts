import { Buffer } from 'node:buffer';
import type { Brought } from './ask.ts';
import { isWhole } from './ask.ts';
import { maxValueBytes } from './codec.ts';
import type { Slot } from './lookup.ts';
import type { Ages } from './sight.ts';
import type { Fence, OnFault, Write } from './store.ts';
import { publicNamespace } from './tags.ts';

type Options = { readonly ages: Ages; readonly random: () => number; readonly onFault: OnFault };

/** What a fetch brought for one slot. */
export type Landed = {
  readonly slot: Slot;
  readonly fence: Fence;
  readonly brought: Brought;
  /** The value as JSON; undefined for what is none. */
  readonly text: string | undefined;
  readonly costMs: number;
};

/** Seconds that an answer may be kept: the least of what was declared, what its sources allowed, and what is kept at all. */
export function keepSeconds({ unit, place }: Slot, brought: Brought, ages: Ages): number {
  const { value, freshness } = brought;
  if (!isWhole(brought)) return 0;
  if (freshness?.isPrivate === true && unit.scope !== 'PRIVATE') return 0;
  // That something is not there is true for those who may not see it, too.
  if (value === null && place.namespace === publicNamespace) return 0;
  const limit = value === null ? ages.negativeSeconds : ages.maxAgeSeconds;
  return Math.max(0, Math.min(unit.maxAgeSeconds, freshness?.maxAgeSeconds ?? Number.POSITIVE_INFINITY, limit));
}

/** What is to be written of a fetch; nothing where it may not be kept. */
export function writeOf({ slot, fence, brought, text, costMs }: Landed, { ages, random, onFault }: Options): readonly Write[] {
  const seconds = keepSeconds(slot, brought, ages);
  if (seconds <= 0 || text === undefined) return [];
  if (Buffer.byteLength(text) > maxValueBytes) {
    onFault({ kind: 'oversize' });
    return [];
  }
  // Up to a tenth less, so that what was fetched together does not run out together.
  const freshMs = seconds * 1_000 * (1 - 0.1 * random());
  const endsAtOnce = text === 'null' || brought.freshness?.mustRevalidate === true;
  const beyondMs = endsAtOnce ? 0 : Math.max(ages.staleSeconds, ages.staleIfErrorSeconds) * 1_000;
  const entry = { text, freshMs, keepMs: freshMs + beyondMs, costMs };
  return [{ place: slot.place, tags: slot.tags, entry, fence }];
}

export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
