import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { sum, testLimits } from './limits.ts';

let books: ForeignSubgraph;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
});

beforeEach(() => {
  books.fault = undefined;
  books.seen.length = 0;
});

afterAll(() => books[Symbol.asyncDispose]());

/** Priced at 10, and 2 when it is answered. */
const body = JSON.stringify({ query: '{ books(first: 2) { id } }' });

async function start(env: Record<string, string> = {}) {
  const { limits, heard } = testLimits();
  const gateway = await testGateway({ sdl: composeForeign([books]), limits, env });
  const ask = (signal?: AbortSignal) =>
    gateway.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body, ...(signal && { signal }) });
  return { heard, ask, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

const settled = ({ heard }: Awaited<ReturnType<typeof start>>) =>
  expect.poll(() => heard.captured.length - heard.held.length, { timeout: 5_000, interval: 5 }).toBe(0);

test('D18: a client that leaves while its operation runs pays the estimate', async () => {
  await using started = await start();
  books.fault = { hang: true };
  const leaving = new AbortController();
  const asked = Array.from({ length: 50 }, () => started.ask(leaving.signal).catch(() => 'left'));
  await expect.poll(() => books.seen.length, { interval: 5 }).toBe(50);
  leaving.abort();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['left']));
  await settled(started);
  expect(started.heard.captured.map(({ points }) => points)).toEqual(Array(50).fill(10));
});

test('D18: 1,000 clients that leave right before the end pay the answer or the estimate, never less, and each once', async () => {
  await using started = await start();
  books.fault = { delayMs: 20 };
  const random = seededRandom(3);
  // How long an answer takes on this machine now, among as many others.
  let usualMs = 40;
  const outcomes: string[] = [];
  const leave = async (): Promise<void> => {
    const leaving = new AbortController();
    const since = performance.now();
    const asked = started.ask(leaving.signal).then(
      () => {
        usualMs = performance.now() - since;
        return 'answered';
      },
      () => 'left',
    );
    // Sometimes long enough to learn it anew, when the machine has become slower.
    await Promise.race([asked, pause(random() < 0.1 ? 400 : usualMs * (0.7 + 0.6 * random()))]);
    leaving.abort();
    outcomes.push(await asked);
  };
  for (let n = 0; n < 1_000; n += 20) await Promise.all(Array.from({ length: 20 }, leave));
  await settled(started);
  const { held, captured } = started.heard;
  expect(new Set(outcomes)).toEqual(new Set(['answered', 'left']));
  expect(new Set(captured.map(({ points }) => points))).toEqual(new Set([2, 10]));
  expect(new Set(captured.map(({ reservation }) => reservation)).size).toBe(held.length);
  const answered = outcomes.filter((outcome) => outcome === 'answered').length;
  expect(captured.filter(({ points }) => points === 2).length).toBeGreaterThanOrEqual(answered);
});

test('D17: an operation that ran out of time pays for what it has, once its calls are over', async () => {
  await using started = await start({ REQUEST_TIMEOUT_MS: '300' });
  books.fault = { hang: true };
  const { status } = await started.ask();
  expect([200, 504]).toContain(status);
  await settled(started);
  expect(sum(started.heard.captured)).toBe(1);
});

test('of requests with faults and clients that leave every reservation ends, and what was booked adds up', async () => {
  await using started = await start();
  const random = seededRandom(5);
  const faults = [undefined, { status: 500 }, { body: 'no JSON' }, { delayMs: 10 }, { body: '{"data":null}' }];
  const one = async (): Promise<void> => {
    const leaving = new AbortController();
    const asked = started.ask(leaving.signal).catch(() => undefined);
    if (random() < 0.2) {
      await pause(10 * random());
      leaving.abort();
    }
    await asked;
  };
  for (let n = 0; n < 50; n++) {
    books.fault = faults[n % faults.length];
    await Promise.all(Array.from({ length: 20 }, one));
  }
  await settled(started);
  const { held, captured, expired } = started.heard;
  expect(expired).toEqual([]);
  expect(sum(held)).toBe(10 * held.length);
  expect(captured.every(({ points }) => points >= 1 && points <= 10)).toBe(true);
  expect(new Set(captured.map(({ points }) => points)).has(1)).toBe(true);
});
