import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { systemLoad } from '#ops/system-load.ts';

afterEach(() => void vi.useRealTimers());

test('OB-12 with METRICS_EXPORT_INTERVAL=30 there is a measurement every thirty seconds', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { measureMs } = readConfig({ ENVIRONMENT: 'test', METRICS_EXPORT_INTERVAL: '30' }).operations;
  using load = await systemLoad({ everyMs: measureMs, folder: '.' });
  for (let tick = 0; tick < 3; tick++) {
    const last = load.now();
    vi.advanceTimersByTime(29_999);
    await pause(50);
    expect(load.now()).toBe(last);
    vi.advanceTimersByTime(1);
    // Time passes for the disk alone.
    for (let waits = 0; waits < 100 && load.now() === last; waits++) await pause(20);
    expect(load.now()).not.toBe(last);
  }
});

test('OB-51 processor, memory and disk are measured within their bounds, and the processor again at every interval', async () => {
  using load = await systemLoad({ everyMs: 50, folder: '.' });
  const first = load.now();
  for (const percent of Object.values(first)) {
    expect(percent).toBeGreaterThanOrEqual(0);
    expect(percent).toBeLessThanOrEqual(100);
  }
  expect(first.memory).toBeGreaterThan(0);
  expect(first.disk).toBeGreaterThan(0);
  await expect.poll(() => load.now() !== first).toBe(true);
  const until = Date.now() + 200;
  while (Date.now() < until);
  const busy = load.now();
  await expect.poll(() => load.now() !== busy && load.now().cpu > 0).toBe(true);
});
