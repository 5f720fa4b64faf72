import type { Policy } from './bucket.ts';
import { expiredOf, longestWaitMicros, parts, rateOf } from './bucket.ts';

/** Level of each policy by name, all as of `at`; `held` does not drain. */
export type Levels = { readonly at: number; readonly held: number; readonly levels: ReadonlyMap<string, number> };

/** Split at the second, so that every product stays below 2^53. */
export function drained(level: number, micros: number, rate: number): number {
  return Math.max(0, level - Math.floor(micros / 1e6) * rate - Math.floor(((micros % 1e6) * rate) / 1e6));
}

/** The clock never runs backwards: what has drained stays drained, and nothing drains twice. */
function advanced({ at, held, levels }: Levels, policies: readonly Policy[], to: number): Levels {
  if (to <= at) return { at, held, levels };
  const left = policies.map(({ name, perSecond }) => [name, drained(levels.get(name) ?? 0, to - at, rateOf(perSecond))] as const);
  return { at: to, held, levels: new Map([...levels, ...left]) };
}

export function booked({ at, held, levels }: Levels, policies: readonly Policy[], amount: number): Levels {
  const more = policies.map(
    ({ name, capacity }) => [name, Math.min((levels.get(name) ?? 0) + amount, 2 * parts(capacity))] as const,
  );
  return { at, held, levels: new Map([...levels, ...more]) };
}

/** What is kept of an organization. Levels are written only with a booking: else each look would round a part away. */
type Kept = { kept: Levels; readonly holds: Map<string, number> };

/** The levels of now, after charging what is due, each reservation at its own end. */
export function settled(state: Kept, policies: readonly Policy[], now: number) {
  let levels = state.kept;
  const expired = dueOf(state.holds, now).map(([member, deadline]) => {
    const found = expiredOf(member);
    const released = { ...advanced(levels, policies, deadline), held: levels.held - parts(found.points) };
    levels = booked(released, policies, parts(found.points));
    state.holds.delete(member);
    return found;
  });
  levels = advanced(levels, policies, now);
  if (expired.length > 0) state.kept = levels;
  return { expired, levels };
}

function dueOf(holds: ReadonlyMap<string, number>, now: number): readonly (readonly [string, number])[] {
  const due: (readonly [string, number])[] = [];
  for (const hold of holds) if (hold[1] <= now) due.push(hold);
  return due.sort(([, left], [, right]) => left - right);
}

/** Microseconds until so much has drained. */
export function missing(over: number, rate: number): number {
  if (over <= 0) return 0;
  return rate === 0 ? longestWaitMicros : Math.min(longestWaitMicros, Math.ceil((over * 1e6) / rate));
}
