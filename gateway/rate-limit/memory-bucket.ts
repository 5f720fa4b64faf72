import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { Bucket, Decision, HoldRequest, Meter, Policy } from './bucket.ts';
import { expiredOf, longestWaitMicros, memberOf, parts } from './bucket.ts';

/** Level of each policy by name, all as of `at`; `held` does not drain. */
type Levels = { readonly at: number; readonly held: number; readonly levels: ReadonlyMap<string, number> };

/** What is kept of an organization. Levels are written only with a booking: else each look would round a part away. */
type State = { kept: Levels; readonly holds: Map<string, number> };

type Filled = { readonly at: number; readonly level: number };

type Options = { readonly clock: Clock; readonly maxOrganizations?: number };

/** The arithmetic of bucket.lua in this process, for one replica alone and for the time when Redis is away. */
export function memoryBucket({ clock, maxOrganizations = 10_000 }: Options): Bucket {
  const states = new LRUCache<string, State>({ max: maxOrganizations });
  const meters = new LRUCache<string, Filled>({ max: maxOrganizations });
  const now = (): number => Math.floor(clock.now() * 1_000);
  const open = (organization: string): State => {
    const known = states.get(organization);
    if (known !== undefined) return known;
    const fresh: State = { kept: { at: now(), held: 0, levels: new Map() }, holds: new Map() };
    states.set(organization, fresh);
    return fresh;
  };
  const place = (organization: string, { name, owner }: Meter): string => `${organization}\n${name}\n${owner}`;
  const levelOf = ({ organization }: HoldRequest, meter: Meter): number => {
    const filled = meters.get(place(organization, meter));
    return filled === undefined ? 0 : drained(filled.level, Math.max(0, now() - filled.at), meter.perSecond);
  };
  const fill = (request: HoldRequest): void => {
    for (const meter of request.meters)
      meters.set(place(request.organization, meter), { at: now(), level: levelOf(request, meter) + parts(meter.amount) });
  };
  const availableOf = (request: HoldRequest, { held, levels }: Levels): readonly number[] => [
    ...request.policies.map(({ name, capacity }) => (parts(capacity) - held - (levels.get(name) ?? 0)) / 1e6),
    ...request.meters.map((meter) => (parts(meter.capacity) - levelOf(request, meter)) / 1e6),
  ];
  const enter = (request: HoldRequest, admit: (state: State, levels: Levels) => Levels): Decision => {
    const state = open(request.organization);
    const { expired, levels } = settled(state, request.policies, now());
    if (state.holds.has(memberOf(request))) return { kind: 'admitted', expired, available: availableOf(request, levels) };
    const inTheWay = obstacle(request, { ...levels, open: state.holds.size }, (meter) => levelOf(request, meter));
    if (inTheWay !== undefined) return { ...inTheWay, expired, available: availableOf(request, levels) };
    fill(request);
    state.kept = admit(state, levels);
    return { kind: 'admitted', expired, available: availableOf(request, state.kept) };
  };
  return {
    hold: async (request) =>
      enter(request, ({ holds }, levels) => {
        holds.set(memberOf(request), now() + request.lifetimeMs * 1_000);
        return { ...levels, held: levels.held + parts(request.points) };
      }),
    charge: async (request) => enter(request, (_, levels) => booked(levels, request.policies, parts(request.points))),
    async capture(request, actual) {
      const state = open(request.organization);
      const { expired, levels } = settled(state, request.policies, now());
      const captured = state.holds.delete(memberOf(request));
      if (!captured) return { captured, expired, available: availableOf(request, levels) };
      const released = { ...levels, held: levels.held - parts(request.points) };
      state.kept = booked(released, request.policies, parts(actual));
      return { captured, expired, available: availableOf(request, state.kept) };
    },
    settle: async ({ organization, policies }) => settled(open(organization), policies, now()).expired,
  };
}

const rateOf = (perSecond: number): number => Math.floor(perSecond * 1e6);

/** Split at the second, so that every product stays below 2^53. */
function drained(level: number, micros: number, perSecond: number): number {
  const rate = rateOf(perSecond);
  return Math.max(0, level - Math.floor(micros / 1e6) * rate - Math.floor(((micros % 1e6) * rate) / 1e6));
}

/** The clock never runs backwards: what has drained stays drained, and nothing drains twice. */
function advanced({ at, held, levels }: Levels, policies: readonly Policy[], to: number): Levels {
  if (to <= at) return { at, held, levels };
  const left = policies.map(({ name, perSecond }) => [name, drained(levels.get(name) ?? 0, to - at, perSecond)] as const);
  return { at: to, held, levels: new Map([...levels, ...left]) };
}

function booked({ at, held, levels }: Levels, policies: readonly Policy[], amount: number): Levels {
  const more = policies.map(
    ({ name, capacity }) => [name, Math.min((levels.get(name) ?? 0) + amount, 2 * parts(capacity))] as const,
  );
  return { at, held, levels: new Map([...levels, ...more]) };
}

/** The levels of now, after charging what is due, each reservation at its own end. */
function settled(state: State, policies: readonly Policy[], now: number) {
  const due = [...state.holds].filter(([, deadline]) => deadline <= now).sort(([, left], [, right]) => left - right);
  let levels = state.kept;
  const expired = due.map(([member, deadline]) => {
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

type Obstacle = { readonly kind: 'never' | 'wait'; readonly limit: string; readonly waitMs: number };

type Full = Levels & { readonly open: number };

function obstacle(request: HoldRequest, full: Full, levelOf: (meter: Meter) => number): Obstacle | undefined {
  const asked = [
    ...request.policies.map((policy) => ({
      ...policy,
      amount: parts(request.points),
      level: full.held + (full.levels.get(policy.name) ?? 0),
    })),
    ...request.meters.map((meter) => ({ ...meter, amount: parts(meter.amount), level: levelOf(meter) })),
  ];
  const never = asked.find(({ amount, capacity }) => amount > parts(capacity));
  if (never !== undefined) return { kind: 'never', limit: never.name, waitMs: 0 };
  const waits = asked.map(({ name, amount, level, capacity, perSecond }) => ({
    limit: name,
    micros: missing(level + amount - parts(capacity), rateOf(perSecond)),
  }));
  if (full.open >= request.maxInFlight) waits.push({ limit: 'in-flight', micros: 100_000 });
  const longest = waits.reduce((most, wait) => (wait.micros > most.micros ? wait : most), { limit: '', micros: 0 });
  return longest.micros > 0 ? { kind: 'wait', limit: longest.limit, waitMs: longest.micros / 1_000 } : undefined;
}

function missing(over: number, rate: number): number {
  if (over <= 0) return 0;
  return rate === 0 ? longestWaitMicros : Math.min(longestWaitMicros, Math.ceil((over * 1e6) / rate));
}
