import type { HoldRequest, Place } from './bucket.ts';
import { longestWaitMicros, parts } from './bucket.ts';
import { drained, missing } from './levels.ts';

/** A place is kept so long after its time has come: whoever waits comes a little late. */
const graceMicros = 2_000_000;

/** Clients are told whole seconds. */
const secondMicros = 1_000_000;

const maxPlaces = 32;
const maxPlacesOfClient = 16;

/** Nobody keeps others waiting for longer. */
const longestPromiseMicros = 300_000_000;

/** Part of the capacity that one client's places may keep from others, who have all that is restored besides. */
const clientShare = 0.5;

const isOver = ({ due }: Place, now: number): boolean => due + graceMicros <= now;

/** Unclaimed places lapse, without a charge. */
export const standing = (places: readonly Place[], now: number): readonly Place[] =>
  places.some((place) => isOver(place, now)) ? places.filter((place) => !isOver(place, now)) : places;

/** The place that a request may take up: its time has come, of its client, for as much. */
export const placeOf = (places: readonly Place[], request: HoldRequest, now: number): Place | undefined =>
  places.find((place) => place.client === request.client && place.points === parts(request.points) && place.from <= now);

/** Whom a request must not overtake: who was refused before. */
export function before(places: readonly Place[], request: HoldRequest, own: Place | undefined): readonly Place[] {
  if (places.length === 0) return places;
  const most = parts(request.policies[0]?.capacity ?? 0) * clientShare;
  const taken = new Map<string, number>();
  return places.slice(0, own === undefined ? places.length : places.indexOf(own)).filter(({ client, points }) => {
    const sum = (taken.get(client) ?? 0) + points;
    taken.set(client, sum);
    return client === request.client || sum <= most;
  });
}

type Room = {
  /** What is taken now, reserved points included, in millionths. */
  readonly level: number;
  readonly capacity: number;
  readonly rate: number;
  readonly amount: number;
  readonly now: number;
};

/** Microseconds until an amount fits without delaying any of these places; 0 where that is at once. */
export function queued(room: Room, places: readonly Place[]): number {
  const { level, capacity, rate, amount, now } = room;
  for (let passed = 0; ; passed++) {
    const then = taken({ level, rate, now }, places.slice(0, passed));
    const wait = Math.min(longestWaitMicros, then.at - now + missing(then.level + amount - capacity, rate));
    if (passed >= places.length) return wait;
    const all = inserted<Due>(places, { points: amount, due: dueAfter(wait, now) });
    if (taken({ level, rate, now }, all).most <= capacity) return wait;
  }
}

/** As `queued`, for one whose time has come: what stands before it may be claimed at any moment. */
export const called = ({ level, capacity, rate, amount }: Room, places: readonly Place[]): number =>
  missing(places.reduce((sum, { points }) => sum + points, level) + amount - capacity, rate);

type Due = Pick<Place, 'points' | 'due'>;

/** The level after each place was taken up in its time, when that is, and the highest on the way. */
function taken({ level, rate, now }: Pick<Room, 'level' | 'rate' | 'now'>, places: readonly Due[]) {
  let [at, most] = [now, level];
  for (const { points, due } of places) {
    level = drained(level, Math.max(0, due - at), rate) + points;
    at = Math.max(at, due);
    most = Math.max(most, level);
  }
  return { level, at, most };
}

const dueAfter = (waitMicros: number, now: number): number => now + Math.ceil(waitMicros / secondMicros) * secondMicros;

function inserted<One extends Due>(places: readonly One[], one: One): readonly One[] {
  const next = places.findIndex(({ due }) => due > one.due);
  return next === -1 ? [...places, one] : places.toSpliced(next, 0, one);
}

type Refused = { readonly own: Place | undefined; readonly now: number; readonly waitMicros: number };

/** The places with one more for a refused request, or with its own one put off; unchanged where that would be too much. */
export function promised(places: readonly Place[], request: HoldRequest, { own, now, waitMicros }: Refused): readonly Place[] {
  const others = places.filter((place) => place !== own);
  const alike = others.filter(({ client }) => client === request.client).length;
  const isTooMuch = others.length >= maxPlaces || alike >= maxPlacesOfClient || waitMicros > longestPromiseMicros;
  if (isTooMuch) return others;
  const { client, points } = request;
  return inserted(others, { client, points: parts(points), from: now + waitMicros, due: dueAfter(waitMicros, now) });
}
