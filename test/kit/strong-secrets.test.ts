import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { secretProblems } from '#kit/strong-secrets.ts';

const problemsOf = (value: string, needed = true) =>
  secretProblems({ JWT_SECRET_KEY: value }, [{ name: 'JWT_SECRET_KEY', needed }]);

test.each([
  ['canary', 'shorter than 32'],
  ['dev-secret-key', 'shorter than 32'],
  [developmentSecrets.JWT_SECRET_KEY, 'development value'],
  [developmentSecrets.API_KEY_SALT, 'development value'],
  ['a'.repeat(64), 'repeats itself'],
  ['ab'.repeat(32), 'repeats itself'],
  ['0123456789'.repeat(4), 'repeats itself'],
  ['password'.repeat(5), 'repeats itself'],
])('%j is refused without being quoted', (value, reason) => {
  const [problem = '', ...more] = problemsOf(value);
  expect(problem).toMatch(new RegExp(`^JWT_SECRET_KEY \\(or JWT_SECRET\\): .*${reason}`));
  expect([problem.includes(value), more]).toEqual([false, []]);
});

test('random secrets of 32 characters pass, whatever their alphabet', () => {
  for (let tries = 0; tries < 500; tries++) {
    expect(problemsOf(randomBytes(16).toString('hex'))).toEqual([]);
    expect(problemsOf(randomBytes(24).toString('base64'))).toEqual([]);
  }
});

test('what nothing would use may be missing, but not weak', () => {
  expect(problemsOf('', false)).toEqual([]);
  expect(problemsOf('', true)).toHaveLength(1);
  expect(problemsOf('short', false)).toHaveLength(1);
});
