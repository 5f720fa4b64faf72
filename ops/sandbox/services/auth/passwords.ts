import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { refusal } from './refusal.ts';

/** Cheap on purpose: the accounts are public, and logging in should not slow down what is measured. */
const cost = { N: 1_024, r: 8, p: 1 } as const;

const keyBytes = 32;

/** `<salt>:<key>`, both in hex. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${(await derive(password, salt)).toString('hex')}`;
}

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [salt = '', key = ''] = hash.split(':').map((part) => Buffer.from(part, 'hex'));
  if (typeof salt === 'string' || typeof key === 'string') return false;
  const derived = await derive(password, salt);
  return key.length === derived.length && timingSafeEqual(derived, key);
}

export function requireStrongPassword(password: string): void {
  if (password.length < 8) throw refusal('VALIDATION_ERROR', 'Password must have at least 8 characters');
  if (!/[A-Z]/.test(password)) throw refusal('VALIDATION_ERROR', 'Password must contain an upper-case letter');
  if (!/[a-z]/.test(password)) throw refusal('VALIDATION_ERROR', 'Password must contain a lower-case letter');
  if (!/\d/.test(password)) throw refusal('VALIDATION_ERROR', 'Password must contain a digit');
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
