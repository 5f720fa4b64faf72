import type { HoldRequest, Place } from './bucket.ts';
import { parts } from './bucket.ts';

/** A place is kept so long after its time has come: whoever waits is told whole seconds, and comes late. */
const graceMicros = 2_000_000;

const maxPlaces = 64;

/** Nobody keeps others waiting for longer. */
const longestPromiseMicros = 60_000_000;

/** Part of the capacity that one client's places may take: the rest of it, and all that is restored, stays for others. */
const clientShare = 0.5;

export const standing = (places: readonly Place[], now: number): readonly Place[] =>
  places.some(({ till }) => till <= now) ? places.filter(({ till }) => till > now) : places;

/** The place that a request may take up: due, of its client, for as much. */
export const placeOf = (places: readonly Place[], request: HoldRequest, now: number): Place | undefined =>
  places.find((place) => place.client === request.client && place.points === parts(request.points) && place.due <= now);

/** Points of all who were refused before. */
export function ahead(places: readonly Place[], place: Place | undefined): number {
  const before = place === undefined ? places : places.slice(0, places.indexOf(place));
  return before.reduce((sum, { points }) => sum + points, 0);
}

type Refused = { readonly place: Place | undefined; readonly now: number; readonly waitMicros: number };

/** The places with one more for a refused request, or with its own one put off; unchanged where that would be too much. */
export function promised(places: readonly Place[], request: HoldRequest, { place, now, waitMicros }: Refused): readonly Place[] {
  const due = now + waitMicros;
  const promise: Place = { client: request.client, points: parts(request.points), due, till: due + graceMicros };
  if (place !== undefined) return places.map((one) => (one === place ? promise : one));
  const own = places.filter(({ client }) => client === request.client).reduce((sum, { points }) => sum + points, promise.points);
  const most = parts(request.policies[0]?.capacity ?? 0) * clientShare;
  if (places.length >= maxPlaces || waitMicros > longestPromiseMicros || own > most) return places;
  return [...places, promise];
}
