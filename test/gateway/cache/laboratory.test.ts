import { expect, test } from 'vitest';
import type { CacheSettings } from '#gateway/cache/open-cache.ts';
import { openCache } from '#gateway/cache/open-cache.ts';
import { systemClock } from '#kit/clock.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { testSettings } from './library.ts';

const settings: CacheSettings = testSettings({});
const sample = '5a000000-0000-4000-8000-000000000001';
const page = `{ samples(first: 20) { nodes { id name status template { name } storagePosition { positionIdentifier container { name } } } } }`;

test.each([{ remote: [] }, { remote: ['storage', 'templates'] as const }])(
  'the laboratory answers the same with a cache as without, and the second time with fewer calls (remote: $remote)',
  async ({ remote }) => {
    await using cache = await openCache({ settings, clock: systemClock });
    await using cached = await startLaboratory({ cache, remote });
    await using plain = await startLaboratory({ remote });
    const first = await cached.gateway.query(page);
    const calls = cached.calls.length;
    const second = await cached.gateway.query(page);
    const { body } = await plain.gateway.query(page);
    expect(body.errors).toBeUndefined();
    expect(first.body.data).toEqual(body.data);
    expect(second.body.data).toEqual(body.data);
    expect(cached.calls.length - calls).toBeLessThan(calls / 2);
  },
);

test('a changed sample is seen at once, alone and in lists', async () => {
  await using cache = await openCache({ settings, clock: systemClock });
  await using laboratory = await startLaboratory({ cache });
  const { query } = laboratory.gateway;
  const alone = `{ sample(id: "${sample}") { name } }`;
  for (const name of ['Renamed once', 'Renamed twice']) {
    await query(alone);
    await query(page);
    const changed = await query(`mutation { updateSample(id: "${sample}", input: { name: "${name}" }) { id name } }`);
    expect(changed.body.errors).toBeUndefined();
    expect((await query(alone)).body.data).toEqual({ sample: { name } });
    expect(JSON.stringify((await query(page)).body.data)).not.toContain(
      name === 'Renamed twice' ? 'Renamed once' : 'no such name',
    );
  }
});
