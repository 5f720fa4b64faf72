import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import type { Call } from '#kit/call.ts';
import { operationExecutor } from '#kit/execute-operation.ts';
import { DateTime } from '#kit/scalars.ts';
import { compose } from '#schema/compose.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { bearer, key, testIdentity } from '#test/harness/identity.ts';
import { ownLimits } from '#test/harness/own-limits.ts';

const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9")
  scalar DateTime
  type RateLimit { plan: String! limit: Float! cost: Float! remaining: Float! restoreRate: Float! resetAt: DateTime }
  type Query { rateLimit: RateLimit }
  type Mutation { spend: RateLimit }`;

type Context = { readonly call: Call };
const rateLimit = (_: unknown, __: unknown, { call }: Context) => call.budget?.() ?? null;

const fields = 'plan limit cost remaining restoreRate resetAt';
const clock = handClock();

/** A gateway over one subgraph of its own process that tells what it is told of the budget. */
async function start({ limited = true } = {}): Promise<GatewayUnderTest> {
  const { identify, ...identity } = await testIdentity();
  const limits = await ownLimits({ clock });
  const schema = buildSubgraphSchema([
    { typeDefs: parse(sdl), resolvers: { Query: { rateLimit }, Mutation: { spend: rateLimit }, DateTime } as never },
  ]);
  const execute = operationExecutor({
    schema,
    contextFor: (call) => ({ call }),
    onUnexpectedError: (error) => {
      throw error;
    },
  });
  const gateway = await testGateway({
    sdl: compose([{ name: 'budget', url: 'local:budget', sdl }]).supergraph,
    locals: new Map([['budget', { execute }]]),
    identify,
    env: { PUBLIC_FIELDS: 'Query.rateLimit' },
    ...(limited && { limits }),
  });
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]();
    await limits[Symbol.asyncDispose]();
    await identity[Symbol.asyncDispose]();
  });
  return gateway;
}

const good = { 'x-api-key': key('A') };

test('a subgraph of this process knows what the operation reserved and what is left', async () => {
  const gateway = await start();
  const { body } = await gateway.query(`{ rateLimit { ${fields} } }`, {}, good);
  expect(body.data?.['rateLimit']).toEqual({
    plan: 'default',
    limit: 2_000,
    cost: 1,
    remaining: 1_999,
    restoreRate: 100,
    resetAt: new Date(clock.now() + 10).toISOString(),
  });
});

test('each fetch of a mutation knows it too', async () => {
  const gateway = await start();
  const { body } = await gateway.query('mutation { one: spend { cost } other: spend { cost } }', {}, good);
  expect(body.data).toEqual({ one: { cost: 12 }, other: { cost: 12 } });
});

test('where nothing is limited there is no budget', async () => {
  const gateway = await start({ limited: false });
  expect((await gateway.query('{ rateLimit { plan } }', {}, good)).body).toEqual({ data: { rateLimit: null } });
});

test('wrong credentials cost their address what a stranger spends; then they are refused, and good ones pass', async () => {
  const gateway = await start();
  const guess = async () => {
    const { status, headers } = await gateway.query('{ __typename }', {}, bearer('guess'));
    return [status, headers.get('retry-after')];
  };
  for (let n = 0; n < 30; n++) expect(await guess()).toEqual([401, null]);
  expect(await guess()).toEqual([429, '2']);
  expect((await gateway.query('{ rateLimit { plan } }')).status).toBe(429);
  expect((await gateway.query('{ rateLimit { plan } }', {}, good)).status).toBe(200);
});
