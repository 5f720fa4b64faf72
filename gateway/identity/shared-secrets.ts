import { createSecretKey } from 'node:crypto';
import type { KeysOf } from './user-tokens.ts';

/** Secrets that the laboratory's auth service signs with: the one in use first, then the one before it. */
export function sharedSecrets(secrets: readonly string[]): KeysOf {
  const keys = secrets.map((secret) => createSecretKey(secret, 'utf8'));
  return async () => keys;
}
