import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inTime } from '#kit/in-time.ts';

/** Keeps this process from looking at anything. */
function busyFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('an answer that comes in time is the answer, a failure the failure', async () => {
  expect(await inTime(pause(1, 'answer'), 50)).toBe('answer');
  await expect(inTime(Promise.reject(new Error('gone')), 50)).rejects.toThrow('gone');
});

test('an answer that does not come in time is given up', async () => {
  const since = performance.now();
  await expect(inTime(pause(2_000, 'late', { ref: false }), 50)).rejects.toThrow('within 50 ms');
  expect(performance.now() - since).toBeLessThan(1_500);
});

test('the time in which this process was busy does not count', async () => {
  const answer = inTime(pause(100, 'answer'), 50);
  busyFor(150);
  expect(await answer).toBe('answer');
});
