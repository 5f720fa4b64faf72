import type { ApiKey } from './records.ts';

/** `replaced`: a newer key took its place, and this one is good beside it for a while. */
export type KeyState = 'active' | 'replaced' | 'expired' | 'revoked';

/** What a key is worth at a time, in milliseconds since the epoch. */
export function keyState({ isActive, expiresAt, overlapUntil }: ApiKey, now: number): KeyState {
  if (!isActive) return 'revoked';
  const end = Math.min(expiresAt?.getTime() ?? Infinity, overlapUntil?.getTime() ?? Infinity);
  if (end <= now) return 'expired';
  return overlapUntil === undefined ? 'active' : 'replaced';
}

/** Whether a key may be used at that time. */
export const isUsable = (key: ApiKey, now: number): boolean => ['active', 'replaced'].includes(keyState(key, now));
