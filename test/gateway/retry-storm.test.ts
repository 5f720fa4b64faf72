import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { transportLayers } from '#gateway/pipeline.ts';
import { systemClock } from '#kit/clock.ts';
import type { Layer } from '#kit/layer.ts';
import { stack } from '#kit/layer.ts';
import { resilience } from '#kit/resilience.ts';
import type { RestRequest, RestResponse } from '#kit/rest-transport.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const query: RestRequest = { method: 'POST', safe: true, path: '/', headers: {}, signal: new AbortController().signal };
const seconds = 60;
const perSecond = 100;
const wanted = seconds * perSecond;

/** A minute of steady queries against an upstream that takes 20 ms and fails at random; counts what reaches it. */
async function storm(layers: readonly Layer<RestRequest, RestResponse>[], failing: number) {
  const random = seededRandom(7);
  let reached = 0;
  const upstream = async (): Promise<RestResponse> => {
    reached++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { status: random() < failing ? 503 : 200, headers: {}, body: '' };
  };
  const call = stack(layers, upstream);
  const calls: Promise<number>[] = [];
  for (let sent = 0; sent < wanted; sent++) {
    calls.push(
      call(query).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await vi.advanceTimersByTimeAsync(1_000 / perSecond);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  const statuses = await Promise.all(calls);
  return { reached, answered: statuses.filter((status) => status === 200).length };
}

const { fetch } = readConfig({});
const withoutBreaker = resilience({
  ...fetch,
  service: 'things',
  clock: systemClock,
  circuitBreaker: false,
  onBreakerChange: () => undefined,
});

test('F21 a minute of 50 % errors raises the load of the upstream by less than a tenth', async () => {
  const { reached, answered } = await storm(withoutBreaker, 0.5);
  expect(reached).toBeGreaterThan(wanted * 1.05);
  expect(reached).toBeLessThanOrEqual(wanted * 1.1);
  // The retries that were made did help.
  expect(answered).toBeGreaterThan(wanted * 0.51);
});

test('F21 as the gateway builds it, the circuit opens and takes nearly all of the load away', async () => {
  const states: string[] = [];
  const { reached } = await storm(
    transportLayers('things', readConfig({}), (state) => states.push(state)),
    0.5,
  );
  expect(states).toContain('open');
  expect(reached).toBeLessThan(wanted * 0.1);
});

test('a few errors are retried away without a mark', async () => {
  const { reached, answered } = await storm(
    transportLayers('things', readConfig({}), () => undefined),
    0.02,
  );
  expect(reached).toBeLessThan(wanted * 1.05);
  expect(answered).toBeGreaterThan(wanted * 0.99);
});
