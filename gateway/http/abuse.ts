import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import type { Blocks } from './blocks.ts';

type AbuseSettings = {
  /** Requests that one address may send within a window without a valid credential, or to be refused. */
  readonly maxRequests: number;
  readonly windowMs: number;
  /** How long an address is not heard that sent more. */
  readonly silenceMs: number;
  /** So often flagged within a day an address is shut out, for so long. */
  readonly maxFlags: number;
  readonly blockMs: number;
};

/** An address that sent too much; `blocked` when it is shut out for it. */
export type Flag = { readonly address: string; readonly flags: number; readonly blocked: boolean; readonly until: Date };

type Parts = {
  readonly settings: AbuseSettings;
  readonly blocks: Pick<Blocks, 'block'>;
  readonly clock: Clock;
  readonly onFlag: (flag: Flag) => void;
  /** Hears of a block that could not be shared; it holds in this process. */
  readonly onFailure: (error: unknown) => void;
  /** Addresses that are remembered; the longest unseen makes room. */
  readonly maxAddresses?: number;
};

export type Abuse = {
  /** Seconds for which an address is not heard, 0 for one that is. It never waits: every request asks. */
  readonly secondsToWait: (address: string) => number;
  /** Counts a request of an address that brought no valid credential, or was refused. */
  readonly count: (address: string) => void;
};

/** What is known of an address. Two windows make the count slide: the one before counts as far as it still overlaps. */
type Seen = {
  readonly window: number;
  readonly requests: number;
  readonly before: number;
  readonly silentUntil: number;
  readonly flaggedAt: readonly number[];
};

const unseen: Seen = { window: 0, requests: 0, before: 0, silentUntil: 0, flaggedAt: [] };
const dayMs = 86_400_000;

/**
 * Finds addresses that do nothing but guess and flood. Whoever is flagged and comes back when told is heard again; whoever
 * goes on is flagged again, and shut out in the end. Counts are of this process, blocks of all.
 */
export function abuse({ settings, blocks, clock, onFlag, onFailure, maxAddresses = 50_000 }: Parts): Abuse {
  const { maxRequests, windowMs, silenceMs, maxFlags, blockMs } = settings;
  const addresses = new LRUCache<string, Seen>({ max: maxAddresses });
  const flag = (address: string, seen: Seen): void => {
    const now = clock.now();
    const flaggedAt = [...seen.flaggedAt.filter((at) => at > now - dayMs), now];
    const flags = flaggedAt.length;
    const blocked = flags >= maxFlags;
    addresses.set(address, { ...unseen, silentUntil: now + silenceMs, flaggedAt: blocked ? [] : flaggedAt });
    onFlag({ address, flags, blocked, until: new Date(now + (blocked ? blockMs : silenceMs)) });
    if (blocked) blocks.block({ address, reason: `flagged ${flags} times within a day`, until: now + blockMs }).catch(onFailure);
  };
  return {
    secondsToWait(address) {
      const { silentUntil } = addresses.get(address) ?? unseen;
      return Math.max(0, Math.ceil((silentUntil - clock.now()) / 1_000));
    },
    count(address) {
      const now = clock.now();
      const seen = turned(addresses.get(address) ?? unseen, Math.floor(now / windowMs));
      const requests = seen.requests + 1;
      const overlap = 1 - (now % windowMs) / windowMs;
      if (requests + seen.before * overlap > maxRequests) flag(address, seen);
      else addresses.set(address, { ...seen, requests });
    },
  };
}

/** The count of an earlier window moves back by one, or is forgotten. */
function turned(seen: Seen, window: number): Seen {
  if (seen.window === window) return seen;
  return { ...seen, window, requests: 0, before: seen.window === window - 1 ? seen.requests : 0 };
}
