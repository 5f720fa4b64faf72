/** Points that may be spent: at most `capacity` at once, restored steadily. */
export type Policy = {
  /** Distinguishes the policies of one organization, such as `cost` or `day`. */
  readonly name: string;
  readonly capacity: number;
  /** Restored points each second; 0 restores nothing. */
  readonly perSecond: number;
};

/** A policy that is charged with `amount` at once and never gets anything back, for one owner such as a person or a key. */
export type Meter = Policy & {
  /** Whose; two meters of one name and owner are one. */
  readonly owner: string;
  readonly amount: number;
};

/** What one operation asks for: all of it or nothing. */
export type HoldRequest = {
  /** Who pays. Everything of one organization lies in one slot of a Redis cluster. */
  readonly organization: string;
  /** Who asks: a person or a key. Whoever is refused for want of points keeps a place until it is time to come back. */
  readonly client: string;
  /** Names the reservation; the same name a second time is the same reservation. */
  readonly reservation: string;
  /** Estimated points. */
  readonly points: number;
  /** After so long an open reservation is charged in full: whoever held it has died. */
  readonly lifetimeMs: number;
  /** Open reservations at once. */
  readonly maxInFlight: number;
  /** Share the outstanding points; the first one is what callers are told about. */
  readonly policies: readonly Policy[];
  readonly meters: readonly Meter[];
  /** What holds while the shared budget cannot be asked: this replica's share, everything, or nothing. */
  readonly whenAway: WhenAway;
};

export type WhenAway = 'local' | 'open' | 'closed';

/** A reservation whose owner never came back, charged with its estimate. */
export type Expired = { readonly reservation: string; readonly points: number };

type Common = {
  /** Points left of each policy of the request, then, of a decision, of each meter. Below zero while there is debt. */
  readonly available: readonly number[];
  readonly expired: readonly Expired[];
};

type Admitted = Common & { readonly kind: 'admitted' };

export type Refused = Common & {
  /** `never`: waiting does not help. `wait`: it fits after `waitMs`. */
  readonly kind: 'never' | 'wait';
  /** Name of the policy or meter that is in the way, or `in-flight`. */
  readonly limit: string;
  readonly waitMs: number;
};

export type Decision = Admitted | Refused;

/**
 * Two-phase budget: `hold` reserves an estimate, `capture` books what it really was. Reserved points do not drain, so no
 * order of answers gives anybody more than capacity + restore × time (reliability rules, section 3.2).
 */
export type Bucket = {
  readonly hold: (request: HoldRequest) => Promise<Decision>;
  /** Books the real points of a reservation; a second time, or after its end, nothing happens. */
  readonly capture: (request: HoldRequest, actual: number) => Promise<Capture>;
  /** Holds and captures in one step, for work that is already done. */
  readonly charge: (request: HoldRequest) => Promise<Decision>;
  /** Charges the reservations whose time is up. */
  readonly settle: (request: Pick<HoldRequest, 'organization' | 'policies'>) => Promise<readonly Expired[]>;
};

export type Capture = Common & { readonly captured: boolean };

/** Whole numbers throughout: a point is a million parts, so that nothing rounds in anybody's favour. */
export const parts = (points: number): number => Math.min(Math.round(points * 1e6), Number.MAX_SAFE_INTEGER);

/** Millionths of a point each second, rounded down. */
export const rateOf = (perSecond: number): number => Math.floor(perSecond * 1e6);

/** Longest wait that is told, for policies that restore nothing. */
export const longestWaitMicros = 86_400_000_000;

/**
 * A place in the order of those who were refused: `points` in millionths, times in microseconds. It may be taken up `from`
 * its time on, and is `due` at the next whole second, which is what its client was told.
 */
export type Place = { readonly client: string; readonly points: number; readonly from: number; readonly due: number };

/** A member of the set of open reservations says its own estimate, so that nothing else must be read to charge it. */
export const memberOf = ({ reservation, points }: Pick<HoldRequest, 'reservation' | 'points'>): string =>
  `${reservation}:${parts(points)}`;

export function expiredOf(member: string): Expired {
  const at = member.lastIndexOf(':');
  return { reservation: member.slice(0, at), points: Number(member.slice(at + 1)) / 1e6 };
}
