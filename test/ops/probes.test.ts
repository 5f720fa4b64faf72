import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '#kit/clock.ts';
import type { Dependency } from '#ops/health/probes.ts';
import { openProbes } from '#ops/health/probes.ts';

afterEach(() => void vi.useRealTimers());

test('what is unhealthy or suspected is asked every five seconds, and all else at its interval', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const asked: string[] = [];
  const dependency = (name: string, more: Partial<Dependency> = {}): Dependency => ({
    name,
    kind: 'service',
    probe: async () => {
      asked.push(name);
      return 200;
    },
    ...more,
  });
  const gone = async (): Promise<number> => {
    asked.push('gone');
    throw new Error('gone');
  };
  let isOpen = false;
  let isLost = false;
  await using probes = openProbes({
    dependencies: [
      dependency('fine'),
      dependency('open', { isSuspect: () => isOpen }),
      dependency('lost', { isSuspect: () => isLost }),
      dependency('gone', { probe: gone }),
    ],
    everyMs: 30_000,
    timeoutMs: 1_000,
    clock: systemClock,
  });
  const after = async (ms: number): Promise<readonly string[]> => {
    asked.length = 0;
    vi.advanceTimersByTime(ms);
    await new Promise(setImmediate);
    return asked.toSorted();
  };
  while (probes.findingOf('gone').checkedAt === null) await new Promise(setImmediate);
  expect(await after(5_000)).toEqual(['gone']);
  isOpen = true;
  isLost = true;
  expect(await after(5_000)).toEqual(['gone', 'lost', 'open']);
  isOpen = false;
  isLost = false;
  expect(await after(5_000)).toEqual(['gone']);
  await after(14_999);
  expect(await after(1)).toEqual(['fine', 'gone', 'lost', 'open']);
});
