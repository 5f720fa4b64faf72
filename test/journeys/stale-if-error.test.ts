import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCache } from '#gateway/cache/open-cache.ts';
import { sampleId, templateId } from '#ops/sandbox/data/facts.ts';
import { testSettings } from '#test/gateway/cache/library.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/* A service that fails, with an answer in the cache: how long it stands in, how that is told, and what comes after. */

const clock = handClock();
const opening = new AsyncDisposableStack();
let laboratory: LaboratoryUnderTest;

beforeAll(async () => {
  const settings = testSettings({ ages: { staleIfErrorSeconds: 600, staleSeconds: 30 } });
  const cache = opening.use(await openCache({ settings, clock, random: () => 0 }));
  laboratory = opening.use(await startLaboratory({ cache, settings: { circuitBreaker: false } }));
});
afterAll(() => opening.disposeAsync());

const query = `{ sample(id: "${sampleId(1)}") { name template { name } } template(id: "${templateId(2)}") { name } }`;

async function ask(text = query) {
  const { body, headers, text: whole } = await laboratory.gateway.query(text);
  const { cache = [] } = JSON.parse(whole).extensions ?? {};
  const found = cache as readonly { subgraph: string; status: string; age: number; ttl: number }[];
  await pause(20);
  return { ...body, cache: found, control: headers.get('cache-control'), age: headers.get('age') };
}

test('E1 an answer stands in for a failing service within its time, is marked, and the honest error comes after it', async () => {
  const right = await ask();
  expect(right.errors).toBeUndefined();
  const least = Math.min(...right.cache.map(({ ttl }) => ttl));
  expect(right.control).toBe(`max-age=${least}, private`);
  for (const fault of [{ kind: 'status', status: 503 }, { kind: 'reset' }] as const) {
    laboratory.faults('samples', fault);
    clock.advance(least * 1_000 + 100_000);
    const meanwhile = await ask();
    expect(meanwhile.errors).toBeUndefined();
    expect(meanwhile.data).toEqual(right.data);
    const sample = meanwhile.cache.find(({ subgraph }) => subgraph === 'samples');
    expect(sample).toMatchObject({ status: 'stale' });
    expect(sample?.age).toBeGreaterThan(sample?.ttl ?? Number.POSITIVE_INFINITY);
    expect([meanwhile.control, meanwhile.age]).toEqual([
      'no-store',
      String(Math.floor(Math.max(...meanwhile.cache.map(({ age }) => age)))),
    ]);
    expect(Number(meanwhile.age)).toBeGreaterThanOrEqual(100);
  }
  clock.advance(700_000);
  const late = await ask();
  expect(late.data).toMatchObject({ sample: null });
  expect(late.errors).toMatchObject([{ path: ['sample'], extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'samples' } }]);
  expect([late.control, late.age]).toEqual(['no-store', null]);
  laboratory.faults('samples', []);
  const healed = await ask();
  expect(healed).toMatchObject({ data: right.data, control: right.control });
});

test('RC-07 what an answer says of its age is the oldest part, of its time what the shortest has left', async () => {
  const [old, recent] = [sampleId(11), sampleId(12)].map((id) => `sample(id: "${id}") { name }`);
  const first = await ask(`{ ${old} }`);
  const ttl = first.cache[0]?.ttl ?? 0;
  clock.advance(5_000);
  await ask(`{ ${recent} }`);
  clock.advance(2_000);
  const both = await ask(`{ a: ${old} b: ${recent} }`);
  expect(both.cache.map(({ status, age }) => [status, age])).toEqual([
    ['hit', 7],
    ['hit', 2],
  ]);
  // Caches take the age off what they are told: what remains is what the oldest has left.
  expect([both.control, both.age]).toEqual([`max-age=${ttl}, private`, '7']);
});

test('RC-07 an answer with an error beside what is kept is no-store', async () => {
  const kept = `sample(id: "${sampleId(21)}") { name }`;
  await ask(`{ ${kept} }`);
  laboratory.faults('storage', { kind: 'status', status: 500 });
  const mixed = await ask(`{ ${kept} storageLocations { name } }`);
  laboratory.faults('storage', []);
  expect(mixed.data).toMatchObject({ sample: { name: expect.any(String) }, storageLocations: null });
  expect(mixed.errors).toHaveLength(1);
  expect(mixed.control).toBe('no-store');
});
