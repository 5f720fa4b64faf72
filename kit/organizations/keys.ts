import { createHmac, createSecretKey, randomInt, timingSafeEqual } from 'node:crypto';

export type KeyEnvironment = 'live' | 'test';

/** Server-wide secrets that stored hashes depend on; while one follows the other, both are good. */
export type Peppers = { readonly current: string; readonly previous?: string };

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const shape = /^lg_(?:live|test)_[A-Za-z0-9]{32}$/;

/** Whether a text looks like an API key at all. */
export const isApiKey = (text: string): boolean => shape.test(text);

/** A new secret; every character is equally likely, 190 bits in all. */
export const newSecret = (environment: KeyEnvironment): string => `lg_${environment}_${randomText(32)}`;

/** An id that people can copy; collisions are refused by the store. */
export const newKeyId = (): string => `key_${randomText(12)}`;

/** What people may see of a secret. */
export const prefixOf = (secret: string): string => secret.slice(0, 12);

/** The hash of a secret under the current pepper, then under the previous one where there is one. */
export type KeyHasher = (secret: string) => readonly [string, ...string[]];

export function keyHasher({ current, previous }: Peppers): KeyHasher {
  const hashWith = (pepper: string): ((secret: string) => string) => {
    const key = createSecretKey(pepper, 'utf8');
    return (secret) => createHmac('sha256', key).update(secret).digest('hex');
  };
  const now = hashWith(current);
  const before = previous === undefined ? undefined : hashWith(previous);
  return (secret) => (before === undefined ? [now(secret)] : [now(secret), before(secret)]);
}

/** Whether a hash is one of these, in a time that tells nothing of where they differ. */
export const isAmong = (hash: string, hashes: readonly string[]): boolean => {
  const bytes = Buffer.from(hash);
  return hashes
    .map((candidate) => Buffer.from(candidate))
    .map((candidate) => candidate.length === bytes.length && timingSafeEqual(candidate, bytes))
    .includes(true);
};

const randomText = (length: number): string => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
