import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { Bucket, Decision, HoldRequest, Meter, Place, Policy, Refused } from './bucket.ts';
import { memberOf, parts, rateOf } from './bucket.ts';
import type { Levels } from './levels.ts';
import { booked, drained, settled } from './levels.ts';
import { before, called, placeOf, promised, queued, standing } from './places.ts';

type State = { kept: Levels; readonly holds: Map<string, number>; places: readonly Place[] };

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
    const fresh: State = { kept: { at: now(), held: 0, levels: new Map() }, holds: new Map(), places: [] };
    states.set(organization, fresh);
    return fresh;
  };
  const keyOf = (organization: string, { name, owner }: Meter): string => `${organization}\n${name}\n${owner}`;
  const levelOf = ({ organization }: HoldRequest, meter: Meter): number => {
    const filled = meters.get(keyOf(organization, meter));
    return filled === undefined ? 0 : drained(filled.level, Math.max(0, now() - filled.at), rateOf(meter.perSecond));
  };
  const fill = (request: HoldRequest): void => {
    for (const meter of request.meters)
      meters.set(keyOf(request.organization, meter), { at: now(), level: levelOf(request, meter) + parts(meter.amount) });
  };
  const availableOf = (request: HoldRequest, levels: Levels): readonly number[] => [
    ...leftOf(request, levels),
    ...request.meters.map((meter) => (parts(meter.capacity) - levelOf(request, meter)) / 1e6),
  ];
  const enter = (request: HoldRequest, { admit, waits }: Manner): Decision => {
    const state = open(request.organization);
    const at = now();
    const { expired, levels } = settled(state, request.policies, at);
    state.places = standing(state.places, at);
    const told = (decision: Verdict, now: Levels): Decision => ({ ...decision, expired, available: availableOf(request, now) });
    if (state.holds.has(memberOf(request))) return told({ kind: 'admitted' }, levels);
    const own = waits ? placeOf(state.places, request, at) : undefined;
    const queue = { places: before(state.places, request, own), wait: own === undefined ? queued : called, now: at };
    const full = { ...levels, open: state.holds.size, queue };
    const { promising, ...verdict } = obstacle(request, full, (meter) => levelOf(request, meter));
    if (verdict.kind === 'admitted') {
      fill(request);
      state.kept = admit(state, levels);
      state.places = state.places.filter((place) => place !== own);
      return told(verdict, state.kept);
    }
    if (waits && promising) {
      const refused = { own, now: at, waitMicros: Math.round(verdict.waitMs * 1_000) };
      state.places = promised(state.places, request, refused);
    }
    return told(verdict, levels);
  };
  return {
    hold: async (request) =>
      enter(request, {
        admit({ holds }, levels) {
          holds.set(memberOf(request), now() + request.lifetimeMs * 1_000);
          return { ...levels, held: levels.held + parts(request.points) };
        },
        waits: true,
      }),
    charge: async (request) =>
      enter(request, { admit: (_, levels) => booked(levels, request.policies, parts(request.points)), waits: false }),
    async capture(request, actual) {
      const state = open(request.organization);
      const { expired, levels } = settled(state, request.policies, now());
      const captured = state.holds.delete(memberOf(request));
      if (!captured) return { captured, expired, available: leftOf(request, levels) };
      const released = { ...levels, held: levels.held - parts(request.points) };
      state.kept = booked(released, request.policies, parts(actual));
      return { captured, expired, available: leftOf(request, state.kept) };
    },
    settle: async ({ organization, policies }) => settled(open(organization), policies, now()).expired,
  };
}

/** How a request enters: what it leaves behind, and whether it keeps a place when it is refused. */
type Manner = { readonly admit: (state: State, levels: Levels) => Levels; readonly waits: boolean };

const leftOf = ({ policies }: HoldRequest, { held, levels }: Levels): readonly number[] =>
  policies.map(({ name, capacity }) => (parts(capacity) - held - (levels.get(name) ?? 0)) / 1e6);

type Verdict = { readonly kind: 'admitted' } | Pick<Refused, 'kind' | 'limit' | 'waitMs'>;

type Queue = { readonly places: readonly Place[]; readonly wait: typeof queued; readonly now: number };

type Full = Levels & { readonly open: number; readonly queue: Queue };

/** What is in the way; `promising` where points are missing, which come back. */
function obstacle(request: HoldRequest, full: Full, levelOf: (meter: Meter) => number): Verdict & { promising: boolean } {
  const { held, levels, open, queue } = full;
  const points = request.policies.map((policy) => ({
    ...roomOf(policy),
    amount: parts(request.points),
    level: held + (levels.get(policy.name) ?? 0),
    places: queue.places,
  }));
  const metered = request.meters.map((meter) => ({
    ...roomOf(meter),
    amount: parts(meter.amount),
    level: levelOf(meter),
    places: [],
  }));
  const never = [...points, ...metered].find(({ amount, capacity }) => amount > capacity);
  if (never !== undefined) return { kind: 'never', limit: never.limit, waitMs: 0, promising: false };
  const waits = [...points, ...metered].map(({ limit, places, ...room }) => ({
    limit,
    micros: queue.wait({ ...room, now: queue.now }, places),
  }));
  const promising = waits.slice(0, points.length).some(({ micros }) => micros > 0);
  if (open >= request.maxInFlight) waits.push({ limit: 'in-flight', micros: 100_000 });
  const longest = waits.reduce((most, wait) => (wait.micros > most.micros ? wait : most), { limit: '', micros: 0 });
  if (longest.micros === 0) return { kind: 'admitted', promising };
  return { kind: 'wait', limit: longest.limit, waitMs: longest.micros / 1_000, promising };
}

const roomOf = ({ name, capacity, perSecond }: Policy) => ({ limit: name, capacity: parts(capacity), rate: rateOf(perSecond) });
