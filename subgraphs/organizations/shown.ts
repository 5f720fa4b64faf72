import type { IssuedKey } from '#kit/organizations/key-administration.ts';
import { keyState } from '#kit/organizations/key-state.ts';
import type { ApiKey } from '#kit/organizations/records.ts';

/** What people may know of a key at a time, in milliseconds since the epoch: its hash is not among it. */
export const shownKey = (key: ApiKey, now: number) => ({
  id: key.id,
  organizationId: key.organizationId,
  name: key.name,
  prefix: key.keyPrefix,
  scopes: key.scopes,
  environment: inCapitals(key.environment),
  status: inCapitals(keyState(key, now)),
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString(),
  lastUsedAt: key.lastUsedAt?.toISOString(),
  usageCount: key.usageCount,
  allowedAddresses: key.allowedAddresses,
  replacedBy: key.replacedBy,
  overlapUntil: key.overlapUntil?.toISOString(),
});

export const shownIssue = ({ key, secret }: IssuedKey, now: number) => ({ key: shownKey(key, now), secret });

/** A word of the store as the schema writes it. */
export const inCapitals = (word: string): string => word.toUpperCase();
