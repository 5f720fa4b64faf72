import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bulkhead } from '#kit/bulkhead.ts';
import type { BreakerState } from '#kit/circuit-breaker.ts';
import { breaker } from '#kit/circuit-breaker.ts';
import { upstreamError } from '#kit/errors.ts';
import { stack } from '#kit/layer.ts';
import { resilience } from '#kit/resilience.ts';
import type { RestRequest, RestResponse } from '#kit/rest-transport.ts';
import { retryReads } from '#kit/retry-reads.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const request = (method: RestRequest['method'] = 'GET', signal = new AbortController().signal): RestRequest => ({
  method,
  path: '/',
  headers: {},
  signal,
});
const answer = (status: number, headers = {}): RestResponse => ({ status, headers, body: '' });
const broken = () => upstreamError('UPSTREAM_UNAVAILABLE', 'things');

/** An upstream that answers what the test says, and counts. */
function upstream(say: (call: number) => RestResponse | Error) {
  const state = { calls: 0 };
  const handle = async (): Promise<RestResponse> => {
    const said = say(++state.calls);
    if (said instanceof Error) throw said;
    return said;
  };
  return Object.assign(state, { handle });
}

function circuit(say: (call: number) => RestResponse | Error, wellAt?: () => number) {
  const things = upstream(say);
  const states: BreakerState[] = [];
  const call = breaker({
    service: 'things',
    failureThreshold: 5,
    recoveryMs: 60_000,
    wellAt,
    onChange: (state) => states.push(state),
  })(things.handle);
  return { things, states, call };
}

test('RE-01 five failures in a row open the circuit, and then nothing reaches the upstream', async () => {
  const { things, states, call } = circuit((count) => (count % 2 ? answer(500) : broken()));
  for (let calls = 0; calls < 5; calls++) await call(request()).catch(() => undefined);
  expect(states).toEqual(['open']);
  for (let calls = 0; calls < 50; calls++) await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(things.calls).toBe(5);
});

test('RE-02 a service without a circuit is called however often it fails', async () => {
  const things = upstream(() => answer(500));
  const layers = resilience({
    service: 'things',
    clock: { now: Date.now },
    circuitBreaker: false,
    failureThreshold: 5,
    recoverySeconds: 60,
    onBreakerChange: () => expect.unreachable(),
    connections: 1,
    queue: 0,
  });
  const call = stack(layers, things.handle);
  for (let calls = 0; calls < 50; calls++) expect((await call(request())).status).toBe(500);
  expect(things.calls).toBe(50);
});

test('an urgent call is made while the circuit is open, and changes nothing about it', async () => {
  const { things, states, call } = circuit((count) => answer(count > 5 ? 200 : 500));
  for (let calls = 0; calls < 5; calls++) await call(request());
  expect((await call({ ...request('DELETE'), urgent: true })).status).toBe(200);
  await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect([states, things.calls]).toEqual([['open'], 6]);
});

test('half of the last twenty calls open it as well', async () => {
  const { things, states, call } = circuit((count) => answer(count % 2 ? 200 : 500));
  for (let calls = 0; calls < 30; calls++) await call(request()).catch(() => undefined);
  expect(states).toEqual(['open']);
  expect(things.calls).toBe(20);
});

test('a 4xx is no failure, and neither is a caller who goes away', async () => {
  const { states, call } = circuit((count) => (count % 2 ? answer(404) : broken()));
  const gone = AbortSignal.abort(new Error('gone'));
  for (let calls = 0; calls < 40; calls++) await call(request('GET', gone)).catch(() => undefined);
  expect(states).toEqual([]);
});

test('after its time exactly three probes pass, and their success closes it', async () => {
  let healthy = false;
  const { things, states, call } = circuit(() => answer(healthy ? 200 : 500));
  for (let calls = 0; calls < 5; calls++) await call(request());
  await vi.advanceTimersByTimeAsync(60_001);
  healthy = true;
  const before = things.calls;
  for (let probe = 0; probe < 3; probe++) await call(request());
  expect(things.calls - before).toBe(3);
  expect(states).toEqual(['open', 'half-open', 'closed']);
});

test('one failing probe opens it again', async () => {
  const { states, call } = circuit(() => answer(500));
  for (let calls = 0; calls < 5; calls++) await call(request());
  await vi.advanceTimersByTimeAsync(60_001);
  await call(request());
  await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(states).toEqual(['open', 'half-open', 'open']);
});

test('an upstream that was found well since is tried ahead of that, but not within five seconds', async () => {
  let wellAt = Date.now();
  let healthy = false;
  const { things, states, call } = circuit(
    () => answer(healthy ? 200 : 500),
    () => wellAt,
  );
  for (let calls = 0; calls < 5; calls++) await call(request());
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  [wellAt, healthy] = [Date.now(), true];
  for (let calls = 0; calls < 3; calls++) await call(request());
  expect([states, things.calls]).toEqual([['open', 'half-open', 'closed'], 8]);
  healthy = false;
  for (let calls = 0; calls < 5; calls++) await call(request());
  await vi.advanceTimersByTimeAsync(4_999);
  wellAt = Date.now();
  await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  await vi.advanceTimersByTimeAsync(1);
  await call(request());
  expect(states.slice(3)).toEqual(['open', 'half-open', 'open']);
});

test('one that is always found well and fails nevertheless is tried less and less often, and at last as any other', async () => {
  const tries: number[] = [];
  const { call } = circuit(
    () => {
      tries.push(Date.now());
      return answer(500);
    },
    () => Date.now(),
  );
  const since = Date.now();
  while (Date.now() < since + 300_000) {
    await call(request()).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(tries.slice(5).map((at, index) => Math.round((at - (tries[index + 4] ?? 0)) / 1_000))).toEqual([
    5, 10, 20, 40, 60, 60, 60,
  ]);
});

test('while three probes are under way a fourth call fails at once', async () => {
  const answers: ((response: RestResponse) => void)[] = [];
  let failing = true;
  let calls = 0;
  const call = breaker({ service: 'things', failureThreshold: 5, recoveryMs: 60_000 })(() => {
    calls++;
    return failing ? Promise.resolve(answer(500)) : new Promise((resolve) => answers.push(resolve));
  });
  for (let tries = 0; tries < 5; tries++) await call(request());
  await vi.advanceTimersByTimeAsync(60_001);
  failing = false;
  calls = 0;
  const started = Array.from({ length: 10 }, () =>
    call(request()).then(
      () => 'passed',
      () => 'refused',
    ),
  );
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toBe(3);
  for (const resolve of answers) resolve(answer(200));
  const results = await Promise.all(started);
  expect(results.filter((result) => result === 'passed')).toHaveLength(3);
});

test.each([502, 503, 504])('RE-05 a read that got a %i is repeated once', async (status) => {
  const things = upstream((count) => answer(count === 1 ? status : 200));
  const answered = retryReads()(things.handle)(request());
  await vi.advanceTimersByTimeAsync(200);
  expect([(await answered).status, things.calls]).toEqual([200, 2]);
});

test.each(['POST', 'PUT', 'DELETE'] as const)('RE-05 a %s is never repeated', async (method) => {
  const things = upstream(broken);
  await expect(retryReads()(things.handle)(request(method))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(things.calls).toBe(1);
});

test.each([
  answer(500),
  answer(404),
  answer(429),
  answer(503, { 'retry-after': '7' }),
  upstreamError('UPSTREAM_TIMEOUT', 'things'),
])('%j is not repeated', async (said) => {
  const things = upstream(() => said);
  await retryReads()(things.handle)(request()).catch(() => undefined);
  expect(things.calls).toBe(1);
});

test('sixty seconds of failures raise the load by a tenth at most', async () => {
  const things = upstream((count) => answer(count % 2 ? 503 : 200));
  const call = retryReads()(things.handle);
  const wanted = 6_000;
  for (let calls = 0; calls < wanted; calls++) {
    const answered = call(request());
    await vi.advanceTimersByTimeAsync(200);
    await answered;
  }
  expect(things.calls).toBeLessThanOrEqual(wanted * 1.1 + 10);
  expect(things.calls).toBeGreaterThan(wanted * 1.05);
});

test('calls over the bulkhead wait, and those over its queue fail at once', async () => {
  const answers: ((response: RestResponse) => void)[] = [];
  const call = bulkhead({ service: 'things', running: 2, waiting: 3 })(() => new Promise((resolve) => answers.push(resolve)));
  const started = Array.from({ length: 8 }, () =>
    call(request()).then(
      () => 'passed',
      ({ code }) => code,
    ),
  );
  for (let round = 0; round < 5; round++) {
    await vi.advanceTimersByTimeAsync(1);
    answers.shift()?.(answer(200));
  }
  const results = await Promise.all(started);
  expect(results.filter((result) => result === 'passed')).toHaveLength(5);
  expect(results.filter((result) => result === 'UPSTREAM_UNAVAILABLE')).toHaveLength(3);
});

test('a caller who has gone away is told so in our words', async () => {
  const call = bulkhead({ service: 'things', running: 1, waiting: 3 })(async () => answer(200));
  const gone = AbortSignal.abort(new Error('gone'));
  await expect(call(request('GET', gone))).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT', extensions: { service: 'things' } });
});

test('a caller who leaves while its call waits in the bulkhead is let go at once, and its call is never made', async () => {
  const answers: ((response: RestResponse) => void)[] = [];
  const methods: string[] = [];
  const call = bulkhead({ service: 'things', running: 1, waiting: 3 })(({ method }) => {
    methods.push(method);
    return new Promise((resolve) => answers.push(resolve));
  });
  const first = call(request('GET'));
  const caller = new AbortController();
  const waiting = call(request('PUT', caller.signal));
  const next = call(request('POST'));
  caller.abort(new Error('gone'));
  await expect(waiting).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT', extensions: { service: 'things' } });
  expect(methods).toEqual(['GET']);
  answers.shift()?.(answer(200));
  await first;
  await vi.advanceTimersByTimeAsync(1);
  answers.shift()?.(answer(200));
  await next;
  expect(methods).toEqual(['GET', 'POST']);
});

test('who leaves the queue of the bulkhead gives its place to somebody else at once', async () => {
  const answers: ((response: RestResponse) => void)[] = [];
  const call = bulkhead({ service: 'things', running: 1, waiting: 1 })(() => new Promise((resolve) => answers.push(resolve)));
  const first = call(request());
  const caller = new AbortController();
  const leaves = call(request('GET', caller.signal));
  await expect(call(request())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  caller.abort(new Error('gone'));
  await expect(leaves).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  const next = call(request());
  answers.shift()?.(answer(200));
  await first;
  await vi.advanceTimersByTimeAsync(1);
  answers.shift()?.(answer(204));
  expect(await next).toMatchObject({ status: 204 });
});
