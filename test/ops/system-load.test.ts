import { expect, test } from 'vitest';
import { systemLoad } from '#ops/system-load.ts';

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
