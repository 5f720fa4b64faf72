import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { counts, sampleId } from '#ops/sandbox/data/facts.ts';
import type { FaultInput } from '#ops/sandbox/faults/fault.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { leakedHost, leakedPassword } from '#ops/sandbox/faults/strike.ts';
import type { SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

const path = `/samples/${sampleId(1)}`;

async function startSamples() {
  const calls: SandboxCall[] = [];
  const sandbox = await startSandbox({ services: ['samples'], ports: 'any', onCall: (seen) => calls.push(seen) });
  const url = `${sandbox.urls.get('samples')}`;
  return {
    url,
    calls,
    one: url + path,
    control: `${url}/sandbox/faults`,
    set: (faults: FaultInput | readonly FaultInput[]) => sandbox.faults('samples', faults),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** The code under a failed fetch. */
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause instanceof Error && 'code' in cause ? cause.code : String(failure);
};

test('a fault is set, read and ended over HTTP', async () => {
  await using samples = await startSamples();
  const put = (body: unknown) => call(samples.control, { method: 'PUT', body });
  expect((await call(samples.control)).body).toEqual([]);
  const set = await put({ kind: 'status', status: 503, times: 2 });
  const whole = { kind: 'status', status: 503, times: 2, rate: 1, latencyMs: 0, jitterMs: 0, match: {}, seed: 1 };
  expect([set.status, set.body]).toEqual([200, [{ ...whole, afterWork: false }]]);
  expect((await call(samples.one)).status).toBe(503);
  expect((await call(samples.control)).body).toMatchObject([{ times: 1 }]);
  expect((await call(samples.control, { method: 'DELETE' })).body).toEqual([]);
  expect((await call(samples.one)).status).toBe(200);
  expect((await put([{ kind: 'hang' }, { kind: 'latency', latencyMs: 1 }])).body).toHaveLength(2);
});

test.for([{ kind: 'nonsense' }, { kind: 'status' }, { kind: 'hang', rate: 2 }, { kind: 'hang', unknown: true }, 'no JSON'])(
  '%j is no fault, and what was set stays',
  async (body) => {
    await using samples = await startSamples();
    samples.set({ kind: 'null' });
    const refused = await call<{ error: string }>(samples.control, { method: 'PUT', body });
    expect([refused.status, refused.body.error]).toEqual([400, expect.any(String)]);
    expect((await call(samples.one)).text).toBe('null');
  },
);

const bare: readonly (readonly [FaultInput, number, string])[] = [
  [{ kind: 'empty' }, 200, ''],
  [{ kind: 'null' }, 200, 'null'],
  [{ kind: 'list' }, 200, '[]'],
  [{ kind: 'status', status: 418 }, 418, ''],
  [{ kind: 'status', status: 204 }, 204, ''],
];

test.for(bare)('%j answers in place of the service', async ([fault, status, text]) => {
  await using samples = await startSamples();
  samples.set(fault);
  const answer = await fetch(samples.one);
  expect([answer.status, await answer.text()]).toEqual([status, text]);
});

test('the faults that leak have something to leak', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'html' });
  const page = await call(samples.one);
  expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html']);
  expect(page.text).toContain(leakedHost);
  samples.set({ kind: 'secret' });
  const secret = await call(samples.one);
  expect(secret.status).toBe(500);
  expect(secret.body).toMatchObject({ password: leakedPassword });
});

test('a limited call says when to come again, and a redirect where to go', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'rateLimited', retryAfterSeconds: 9 });
  const limited = await call(samples.one);
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '9']);
  samples.set({ kind: 'redirect', location: 'http://169.254.169.254/' });
  const redirect = await fetch(samples.one, { redirect: 'manual' });
  expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'http://169.254.169.254/']);
});

test('a reset ends the connection without an answer, and is told as a call', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'reset' });
  expect(await codeOf(call(samples.one))).toBe('ECONNRESET');
  expect(samples.calls).toMatchObject([{ method: 'GET', path, status: 0 }]);
});

test('a cut answer ends before its declared length, a malformed one is complete', async () => {
  await using samples = await startSamples();
  const right = await call(samples.one);
  samples.set({ kind: 'cut' });
  const cut = await fetch(samples.one);
  expect(Number(cut.headers.get('content-length'))).toBe(Buffer.byteLength(right.text));
  expect(await codeOf(cut.text())).toBe('UND_ERR_SOCKET');
  samples.set({ kind: 'malformed' });
  const malformed = await fetch(samples.one);
  expect(malformed.headers.get('content-type')).toContain('application/json');
  expect(right.text).toContain(await malformed.text());
});

test('the wrong types are where ids and numbers were', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'wrongTypes' });
  expect((await call(samples.one)).body).toMatchObject({
    success: true,
    data: { id: { value: sampleId(1) }, concentration: '154.8' },
  });
});

test('a huge answer is the right one with padding, a gzip bomb inflates', async () => {
  await using samples = await startSamples();
  const right = await call(samples.one);
  samples.set({ kind: 'huge', bytes: 200_000 });
  const huge = await call(samples.one);
  expect([Buffer.byteLength(huge.text), huge.body]).toEqual([200_000, right.body]);
  samples.set({ kind: 'gzipBomb', bytes: 5_000_000 });
  const bomb = await call(samples.one);
  expect([bomb.text.length, bomb.body]).toEqual([5_000_000, []]);
});

test('a slow answer is right and takes its time', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'slow', bytesPerSecond: 1_000, match: { path: '/samples/barcode' } });
  const startedAt = performance.now();
  const answer = await call(`${samples.url}/samples/barcode/none`);
  expect(answer.body).toMatchObject({ error: 'barcode_not_found' });
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(answer.text.length * 0.9);
});

test('a latency waits and lets the right answer through, or the next fault', async () => {
  await using samples = await startSamples();
  samples.set([
    { kind: 'latency', latencyMs: 60, jitterMs: 10 },
    { kind: 'status', status: 503, times: 1 },
  ]);
  const startedAt = performance.now();
  expect((await call(samples.one)).status).toBe(503);
  expect((await call(samples.one)).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(98);
});

test.for<FaultInput>([
  { kind: 'hang' },
  { kind: 'hang', afterWork: true },
  { kind: 'slow' },
  { kind: 'latency', latencyMs: 60_000 },
])('%j does not keep the sandbox from closing', async (fault) => {
  const samples = await startSamples();
  samples.set(fault);
  const answer = codeOf(call(samples.one));
  await setTimeout(50);
  const startedAt = performance.now();
  await samples[Symbol.asyncDispose]();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(await answer).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
});

test('a fault comes before the work of the service, or after it when told so', async () => {
  await using samples = await startSamples();
  const create = (barcode: string) =>
    call(`${samples.url}/samples`, { method: 'POST', body: { name: 'New', sample_type: 'DNA', barcode } });
  const isThere = async (barcode: string) => (await call(`${samples.url}/samples/barcode/${barcode}`)).status === 200;
  samples.set({ kind: 'reset', match: { method: 'post' } });
  await codeOf(create('BEFORE'));
  samples.set({ kind: 'reset', match: { method: 'post' }, afterWork: true });
  await codeOf(create('AFTER'));
  expect([await isThere('BEFORE'), await isThere('AFTER')]).toEqual([false, true]);
});

test('health and the switch itself are spared unless the match names the path', async () => {
  await using samples = await startSamples();
  samples.set({ kind: 'status', status: 503 });
  expect((await call(`${samples.url}/health`)).status).toBe(200);
  expect((await call(`${samples.url}/samples?page=1`)).status).toBe(503);
  samples.set({ kind: 'status', status: 503, match: { path: '/' } });
  expect((await call(`${samples.url}/health`)).status).toBe(503);
  expect((await call(samples.control)).status).toBe(200);
});

test('a rate strikes the same calls in every run of one seed', async () => {
  const run = async (seed: number) => {
    await using samples = await startSamples();
    samples.set({ kind: 'status', status: 503, rate: 0.5, seed });
    const statuses: number[] = [];
    for (let count = 0; count < 20; count += 1) statuses.push((await call(samples.one)).status);
    return statuses.join(' ');
  };
  const first = await run(1);
  expect(first).toContain('200');
  expect(first).toContain('503');
  expect(await run(1)).toBe(first);
  expect(await run(2)).not.toBe(first);
});

test('the random numbers are spread evenly and repeat for a seed', () => {
  const random = seededRandom(7);
  const numbers = Array.from({ length: 10_000 }, random);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(mean).toBeCloseTo(0.5, 1);
  expect(seededRandom(7)()).toBe(numbers[0]);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
});

test('a fault of one service leaves the others alone', async () => {
  await using sandbox = await startSandbox({ services: ['samples', 'storage'], ports: 'any' });
  sandbox.faults('storage', { kind: 'status', status: 503 });
  expect((await call(`${sandbox.urls.get('samples')}/samples`)).body).toMatchObject({ data: { total_count: counts.samples } });
  expect((await call(`${sandbox.urls.get('storage')}/storage/locations`)).status).toBe(503);
  sandbox.faults('storage', []);
  expect((await call(`${sandbox.urls.get('storage')}/storage/locations`)).status).toBe(200);
});
