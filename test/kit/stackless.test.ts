import { expect, test } from 'vitest';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import { stackless } from '#kit/stackless.ts';

test('what is made within has no frames, what is made before or after has', () => {
  const before = new Error('before');
  const within = stackless(() => new Error('within', { cause: before }));
  expect(within.stack).toBe('Error: within');
  expect(before.stack).toContain('stackless.test.ts');
  expect(new Error('after').stack).toContain('stackless.test.ts');
});

test('who throws within leaves the others their frames', () => {
  expect(() =>
    stackless(() => {
      throw new TypeError('a bug');
    }),
  ).toThrow('a bug');
  expect(new Error('after').stack).toContain('stackless.test.ts');
});

test('a service that fails makes errors without frames, whose cause keeps its own', () => {
  const error = upstreamError('UPSTREAM_UNAVAILABLE', 'storage', { cause: new Error('refused') });
  expect(error.stack).not.toContain('\n');
  expect((error.cause as Error).stack).toContain('stackless.test.ts');
  expect(new ExpectedError('BAD_REQUEST', 'Not so.').stack).toContain('stackless.test.ts');
});
