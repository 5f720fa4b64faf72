import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { parse } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import { layeredGateway } from '#gateway/plan/layered-gateway.ts';
import { openPlanner } from '#gateway/plan/open-planner.ts';
import type { Asked } from '#gateway/plan/plan-keys.ts';
import { planner } from '#gateway/plan/planner.ts';
import type { RequestContext } from '#gateway/request.ts';
import { systemClock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { deepOperation, sharedSupergraph } from '#test/harness/hard-to-plan.ts';

const sdl = sharedSupergraph();
const options = {
  maxEvaluatedPlans: 100,
  worker: true,
  deadlineMs: 2_000,
  maxWaiting: 10,
  memoryMb: 256,
  maxPlans: 100,
  maxPlanSize: 1_000_000,
};

const asking = (text: string): Asked => {
  const document = parse(text);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('The text has no operation.');
  return { document, operation, hash: `hash of ${text}` };
};

test('the gateway library finds every plan of ours under its own key, and makes none itself', async () => {
  const planning = openPlanner({ sdl, options, clock: systemClock });
  onTestFinished(() => planning[Symbol.asyncDispose]());
  const found: boolean[] = [];
  let made = 0;
  const { library } = planning.store;
  const gateway = new ApolloGateway({
    supergraphSdl: sdl,
    buildService: () => ({ process: async () => ({ data: { start: { alpha: 'a', beta: 'b' } } }) }),
    queryPlannerConfig: {
      cache: {
        ...library,
        get: async (key) => {
          const plan = await library.get(key);
          found.push(plan !== undefined);
          return plan;
        },
        set: async () => void made++,
      },
    },
  });
  const server = new ApolloServer<RequestContext>({ gateway: layeredGateway(gateway, { layers: [], planOf: planning.planOf }) });
  onTestFinished(() => server.stop());
  const ask = async (query: string, operationName?: string): Promise<unknown> => {
    const { body } = await server.executeOperation(
      { query, ...(operationName !== undefined && { operationName }) },
      { contextValue: {} as RequestContext },
    );
    return body.kind === 'single' ? body.singleResult.data : undefined;
  };
  await server.start();
  const two = 'query One { start { alpha } } query Other { start { beta } }';
  expect(await ask('{ start { alpha } }')).toEqual({ start: { alpha: 'a' } });
  expect(await ask('{ start { alpha } }')).toEqual({ start: { alpha: 'a' } });
  expect(await ask('query Named { start { alpha } }')).toEqual({ start: { alpha: 'a' } });
  expect(await ask('query Named { start { alpha } }', 'Named')).toEqual({ start: { alpha: 'a' } });
  expect(await ask(two, 'One')).toEqual({ start: { alpha: 'a' } });
  expect(await ask(two, 'Other')).toEqual({ start: { beta: 'b' } });
  expect([found, made]).toEqual([Array(6).fill(true), 0]);
});

test('a known plan is there at once, without a promise', async () => {
  const planning = openPlanner({ sdl, options: { ...options, worker: false }, clock: systemClock });
  const asked = asking('{ start { alpha } }');
  const first = planning.planOf(asked);
  expect(first).toBeInstanceOf(Promise);
  const plan = await first;
  expect(planning.planOf(asked)).toBe(plan);
});

test('a thread and this one make the same plans', async () => {
  const there = openPlanner({ sdl, options, clock: systemClock });
  onTestFinished(() => there[Symbol.asyncDispose]());
  const here = openPlanner({ sdl, options: { ...options, worker: false }, clock: systemClock });
  for (const text of ['{ __typename }', '{ start { north south next { west } } }', deepOperation(3)])
    expect(await there.planOf(asking(text))).toEqual(await here.planOf(asking(text)));
});

test('an operation that was too hard is refused for a minute without another try', async () => {
  const clock = handClock();
  let tries = 0;
  const makePlan = (): Promise<string> => {
    tries++;
    return Promise.reject(new ExpectedError('QUERY_PLANNING_TIMEOUT', 'too hard'));
  };
  const { planOf } = planner({ makePlan, maxEntries: 10, maxSize: 1_000, clock });
  const refused = async (): Promise<unknown> => planOf(asking('{ start { id } }'));
  await expect(refused()).rejects.toMatchObject({ code: 'QUERY_PLANNING_TIMEOUT' });
  clock.advance(59_000);
  await expect(refused()).rejects.toMatchObject({ code: 'QUERY_PLANNING_TIMEOUT' });
  expect(tries).toBe(1);
  clock.advance(2_000);
  await expect(refused()).rejects.toMatchObject({ code: 'QUERY_PLANNING_TIMEOUT' });
  expect(tries).toBe(2);
});

test('a failure that says nothing of the operation is not remembered', async () => {
  const answers = [Promise.reject(new Error('The planning thread ended.')), Promise.resolve('{"kind":"QueryPlan"}')];
  const makePlan = (): Promise<string> => answers.shift() ?? Promise.reject(new Error('asked too often'));
  const { planOf } = planner({ makePlan, maxEntries: 10, maxSize: 1_000, clock: systemClock });
  await expect(planOf(asking('{ start { id } }'))).rejects.toThrow('ended');
  expect(await planOf(asking('{ start { id } }'))).toEqual({ kind: 'QueryPlan' });
});

test('the store keeps within its bounds, and knows what was asked for most in the last minutes', async () => {
  const clock = handClock();
  const makePlan = async (): Promise<string> => '{"kind":"QueryPlan"}';
  const { planOf, store } = planner({ makePlan, maxEntries: 3, maxSize: 10_000, clock });
  const ask = async (name: string, times: number): Promise<void> => {
    for (let time = 0; time < times; time++) await planOf(asking(`query ${name} { start { id } }`));
  };
  const names = (): readonly unknown[] => store.popular(2).map(({ operationName }) => operationName);
  await ask('Old', 20);
  await ask('Seldom', 2);
  await ask('Often', 5);
  expect(names()).toEqual(['Old', 'Often']);
  clock.advance(10 * 60_000);
  await ask('Seldom', 3);
  await ask('Often', 5);
  expect(names()).toEqual(['Often', 'Seldom']);
  await ask('New', 1);
  expect(store.popular(10)).toHaveLength(3);
});

test('a thread that ran out of memory is replaced, and its operation refused', async () => {
  const planning = openPlanner({
    sdl,
    options: { ...options, maxEvaluatedPlans: 3_000_000, memoryMb: 64, deadlineMs: 25_000 },
    clock: systemClock,
  });
  onTestFinished(() => planning[Symbol.asyncDispose]());
  await expect(planning.planOf(asking(deepOperation(16)))).rejects.toMatchObject({ code: 'QUERY_PLANNING_TIMEOUT' });
  expect(await planning.planOf(asking('{ start { alpha } }'))).toMatchObject({ kind: 'QueryPlan' });
});
