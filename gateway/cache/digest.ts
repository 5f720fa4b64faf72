import { hash } from 'node:crypto';

/** 160 bits of SHA-256 over parts that are told apart by their lengths, as 27 characters that may stand in a key. */
export const digest = (...parts: readonly string[]): string =>
  hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''), 'base64url').slice(0, 27);
