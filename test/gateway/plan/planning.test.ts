import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import type { Observer } from '#gateway/observer.ts';
import { unwatched } from '#gateway/observer.ts';
import type { SupergraphSource } from '#gateway/plan/supergraph-source.ts';
import type { TextListener } from '#kit/polled-text.ts';
import { startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { deepOperation, sharedSdl, sharedSupergraph } from '#test/harness/hard-to-plan.ts';

/** What the planner told, counted. */
function counts() {
  const counted: Record<string, number> = {};
  const count = (name: string): void => {
    counted[name] = (counted[name] ?? 0) + 1;
  };
  const observer: Observer = { ...unwatched, planLookedUp: count, planned: (_, result) => count(result) };
  return { counted, observer };
}

/** The four subgraphs, at work. */
async function startPlaces() {
  await using opening = new AsyncDisposableStack();
  const urls: Record<string, string> = {};
  const place = { id: '1', alpha: 'a', north: 'n' };
  for (const name of ['north', 'east', 'south', 'west']) {
    const resolvers = { Query: { start: () => place }, Place: { __resolveReference: () => place } };
    urls[name] = opening.use(await startForeign({ name, sdl: sharedSdl(name), resolvers })).url;
  }
  const opened = opening.move();
  return { sdl: sharedSupergraph(urls), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const hard = { PLANNER_WORKER: 'true', MAX_EVALUATED_PLANS: '1000000', MAX_DEPTH: '40', RATE_LIMIT_ENABLED: 'false' };
const codeOf = (answer: { body: { errors?: readonly { extensions: Record<string, unknown> }[] } }): unknown =>
  answer.body.errors?.[0]?.extensions['code'];

test('A29: while a hard operation is planned the loop keeps turning, and at the deadline the operation is refused', async () => {
  await using places = await startPlaces();
  await using gateway = await testGateway({
    sdl: places.sdl,
    env: { ...hard, QUERY_PLANNING_TIMEOUT: '1000' },
  });
  expect((await gateway.query('{ start { alpha } }')).body.data).toEqual({ start: { alpha: 'a' } });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let answered = false;
  const asked = gateway.query(deepOperation(16)).finally(() => {
    answered = true;
  });
  let others = 0;
  while (!answered) {
    expect((await gateway.query('{ start { alpha } }')).body.data).toEqual({ start: { alpha: 'a' } });
    others++;
  }
  delay.disable();
  const refused = await asked;
  expect([refused.status, codeOf(refused)]).toEqual([400, 'QUERY_PLANNING_TIMEOUT']);
  expect(others).toBeGreaterThan(10);
  expect(delay.percentile(50) / 1e6).toBeLessThan(50);
  // Remembered: nobody waits for it again, and the new thread plans for others.
  const since = performance.now();
  expect(codeOf(await gateway.query(deepOperation(16)))).toBe('QUERY_PLANNING_TIMEOUT');
  expect(performance.now() - since).toBeLessThan(900);
  expect((await gateway.query('{ start { north } }')).body.data).toEqual({ start: { north: 'n' } });
});

test('twenty who ask the same at once wait for one plan', async () => {
  await using places = await startPlaces();
  const { counted, observer } = counts();
  await using gateway = await testGateway({
    sdl: places.sdl,
    env: { ...hard, MAX_EVALUATED_PLANS: '1000' },
    observer,
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.query('{ start { alpha north } }')));
  expect(answers.map(({ body }) => body.data)).toEqual(Array(20).fill({ start: { alpha: 'a', north: 'n' } }));
  await gateway.query('{ start { alpha north } }');
  expect(counted['planned']).toBe(1);
  expect([(counted['hit'] ?? 0) + (counted['miss'] ?? 0), counted['hit']]).toEqual([21, expect.any(Number)]);
});

test('different operations wait their turn; more than may wait are asked to come back', async () => {
  const { counted, observer } = counts();
  await using gateway = await testGateway({
    sdl: sharedSupergraph(),
    env: { ...hard, QUERY_PLANNING_TIMEOUT: '900', MAX_WAITING_PLANS: '1' },
    observer,
  });
  const answers = await Promise.all([0, 1, 2, 3].map((number) => gateway.query(deepOperation(8, number))));
  const turnedAway = answers.filter(({ status }) => status === 503);
  expect(turnedAway.map((answer) => [codeOf(answer), answer.headers.get('retry-after')])).toEqual([
    ['OVERLOADED', '1'],
    ['OVERLOADED', '1'],
  ]);
  expect(counted).toMatchObject({ miss: 4, too_hard: 2, overloaded: 2 });
});

test('a new supergraph takes over with the plans that are asked for most', async () => {
  await using places = await startPlaces();
  const { sdl } = places;
  let listener: TextListener | undefined;
  const source: SupergraphSource = {
    sdl,
    read: async () => sdl,
    watch: (given) => {
      listener = given;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const { counted, observer } = counts();
  await using gateway = await testGateway({ source, observer });
  const texts = ['{ start { alpha } }', 'query Named { start { north } }', '{ start { alpha north } }'];
  for (const text of texts) await gateway.query(text);
  expect(counted).toEqual({ miss: 3, planned: 3 });
  listener?.onChange(sdl.replace('type Place', '"Somewhere." type Place'));
  await expect.poll(() => counted['planned']).toBe(6);
  for (const text of texts) expect((await gateway.query(text)).body.errors).toBeUndefined();
  expect(counted).toEqual({ miss: 3, planned: 6, hit: 3 });
});
