import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GatewayParts } from '#gateway/gateway.ts';
import type { Plan } from '#kit/plans.ts';
import { administrator, partner } from '#test/harness/callers.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { sum, testLimits } from './limits.ts';

let books: ForeignSubgraph;
let sdl: string;

/** Two books are 2 points, each author one more, a mutation 10 more. */
const two = '{ books(first: 2) { id title } }';
const types = ['application/json', 'application/graphql-response+json'] as const;

beforeAll(async () => {
  books = await startForeign(bookshop.books);
  sdl = composeForeign([books]);
});

afterAll(() => books[Symbol.asyncDispose]());

const nobody: GatewayParts['identify'] = async () => ({
  kind: 'anonymous',
  organization: 'anonymous',
  plan: 'anonymous',
  subject: '',
  roles: [],
  scopes: [],
});

type Options = Partial<GatewayParts> & { readonly plan?: Partial<Plan>; readonly env?: Record<string, string> };

async function start({ plan = {}, ...parts }: Options = {}) {
  const clock = handClock();
  const { limits, heard } = testLimits({ plan, clock });
  const gateway = await testGateway({ sdl, limits, ...parts });
  return { gateway, heard, clock, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

const costOf = ({ body }: Awaited<ReturnType<GatewayUnderTest['query']>>) =>
  (body as { extensions?: { cost?: Record<string, unknown> } }).extensions?.cost;

const names = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after'];

const headersOf = ({ headers }: { readonly headers: Headers }) =>
  Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)]] : [])));

test.each(types)('an answer tells its price before and after, and what is left, as %s', async (accept) => {
  await using started = await start({ plan: { capacity: 1_000, restorePerSecond: 50, requestsPerMinute: 60 } });
  const answer = await started.gateway.query('{ books(first: 7) { id } missing: book(id: 1) { id } }', {}, { accept });
  expect(answer.status).toBe(200);
  expect(answer.body.data).toMatchObject({ missing: { id: '1' } });
  const throttleStatus = { maximumAvailable: 1_000, currentlyAvailable: 992, restoreRate: 50 };
  expect(costOf(answer)).toEqual({ requestedQueryCost: 11, actualQueryCost: 8, throttleStatus });
  const seconds = started.clock.now() / 1_000;
  expect(headersOf(answer)).toEqual({
    'ratelimit-policy': '"org-cost";q=1000;w=20',
    ratelimit: '"org-cost";r=992;t=1',
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '59',
    'x-ratelimit-reset': String(seconds + 1),
  });
});

test('a partial answer pays for what it has', async () => {
  await using started = await start();
  books.fault = { status: 500 };
  try {
    const answer = await started.gateway.query('{ book(id: 1) { id author { id } } }');
    expect(answer.status).toBe(200);
    expect(answer.body.errors?.[0]?.extensions['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(costOf(answer)).toMatchObject({ requestedQueryCost: 2, actualQueryCost: 1 });
    expect(headersOf(answer)['ratelimit']).toBe('"org-cost";r=999999');
  } finally {
    books.fault = undefined;
  }
});

test.each(types)('D9: what never fits is a 400 that tells the price, as %s', async (accept) => {
  await using started = await start({ plan: { maxQueryCost: 9 } });
  const answer = await started.gateway.query(two, {}, { accept });
  expect([answer.status, answer.body.data]).toEqual([400, undefined]);
  expect(answer.headers.get('content-type')).toContain(accept);
  expect(answer.body.errors).toMatchObject([
    { extensions: { code: 'COST_LIMIT_EXCEEDED', cost: { estimated: 10, max: 9 }, requestId: expect.any(String) } },
  ]);
  expect(headersOf(answer)).not.toHaveProperty('retry-after');
  expect(headersOf(answer)['ratelimit']).toBe('"org-cost";r=999999');
  expect(costOf(answer)).toMatchObject({ requestedQueryCost: 10, actualQueryCost: 1 });
});

test('D9: what never fits is told so also while nothing is left', async () => {
  await using started = await start({ plan: { capacity: 10, maxQueryCost: 9 } });
  for (let n = 0; n < 10; n++) await started.gateway.query('{');
  const answer = await started.gateway.query(two);
  expect([answer.status, answer.body.errors]).toMatchObject([400, [{ extensions: { code: 'COST_LIMIT_EXCEEDED' } }]]);
  expect(headersOf(answer)).not.toHaveProperty('retry-after');
  expect(costOf(answer)).toMatchObject({ actualQueryCost: null, throttleStatus: { currentlyAvailable: 0 } });
});

test.each(types)('what does not fit now is a 429 that tells when to come back, and then it does, as %s', async (accept) => {
  await using started = await start({ plan: { capacity: 15, restorePerSecond: 2 } });
  await started.gateway.query('{ book(id: 1) { id } a: book(id: 2) { id } b: books(first: 8) { id } }');
  const asked = books.seen.length;
  const refused = await started.gateway.query(two, {}, { accept });
  expect([refused.status, refused.body.data, books.seen.length]).toEqual([429, undefined, asked]);
  expect(refused.headers.get('content-type')).toContain(accept);
  const cost = {
    requestedQueryCost: 10,
    actualQueryCost: null,
    throttleStatus: { maximumAvailable: 15, currentlyAvailable: 5, restoreRate: 2 },
  };
  expect(refused.body.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryAfter: 3, limit: 'cost', cost } }]);
  expect(costOf(refused)).toEqual(cost);
  expect(headersOf(refused)).toMatchObject({ 'retry-after': '3', ratelimit: '"org-cost";r=5;t=5' });
  started.clock.advance(2_499);
  expect((await started.gateway.query(two)).status).toBe(429);
  started.clock.advance(501);
  expect((await started.gateway.query(two)).status).toBe(200);
});

const wrong: readonly (readonly [string, object, string])[] = [
  ['a text that cannot be parsed', { query: '{ books(' }, 'GRAPHQL_PARSE_FAILED'],
  ['a field that is not there', { query: '{ magazines { id } }' }, 'GRAPHQL_VALIDATION_FAILED'],
  [
    'a variable of the wrong type',
    { query: 'query ($text: String!) { echo(text: $text) }', variables: { text: 7 } },
    'BAD_USER_INPUT',
  ],
];

test.each(wrong)('D19: %s costs a point, until there is none', async (_, body, code) => {
  await using started = await start({ plan: { capacity: 3, maxQueryCost: 3 } });
  const send = async (accept: (typeof types)[number]) =>
    started.gateway.send({
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify(body),
    });
  const [plain, strict] = [await send('application/json'), await send('application/graphql-response+json')];
  expect([plain.status, strict.status]).toEqual([200, 400]);
  expect(costOf(plain)).toMatchObject({ actualQueryCost: 1, throttleStatus: { currentlyAvailable: 2 } });
  expect(headersOf(strict)).toMatchObject({ ratelimit: '"org-cost";r=1' });
  expect(plain.body.errors?.[0]?.extensions['code']).toBe(code);
  await send('application/json');
  for (const accept of types) {
    const refused = await send(accept);
    expect([refused.status, refused.body.data]).toEqual([429, undefined]);
    expect(refused.headers.get('content-type')).toContain(accept);
    expect(refused.body.errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', requestId: expect.any(String), retryAfter: 86_400 } },
    ]);
    expect(headersOf(refused)).toMatchObject({ 'retry-after': '86400', ratelimit: '"org-cost";r=0' });
    expect(costOf(refused)).toMatchObject({ actualQueryCost: null, throttleStatus: { currentlyAvailable: 0 } });
  }
  expect(started.heard.captured).toHaveLength(3);
});

test('GraphQL-Cost-Debug: 1 shows where the price comes from, and the parts add up to it', async () => {
  await using started = await start({ plan: { capacity: 40, maxQueryCost: 30 } });
  const texts = [
    '{ books(first: 2) { id author { id } } }',
    '{ __typename }',
    'mutation { rename(id: 1, title: "x") { id } }',
    '{ a: books { id } b: books { author { id } } }',
    '{ a: books { id } b: books { id } c: books { author { id } } }',
  ];
  for (const text of texts) {
    const cost = costOf(await started.gateway.query(text, {}, { 'graphql-cost-debug': '1' }));
    const fields = cost?.['fields'] as { cost: number }[];
    expect(
      fields.reduce((all, field) => all + field.cost, 0),
      text,
    ).toBe(cost?.['requestedQueryCost']);
  }
  expect(costOf(await started.gateway.query('{ __typename }'))).not.toHaveProperty('fields');
});

const ask = (gateway: GatewayUnderTest, body: unknown, headers: Record<string, string> = {}) =>
  gateway.send({
    path: '/graphql/cost',
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('POST /graphql/cost tells the price for one point and runs nothing', async () => {
  await using started = await start({ plan: { capacity: 100, maxQueryCost: 20, restorePerSecond: 1 } });
  const asked = books.seen.length;
  for (const accept of types) {
    const quoted = await ask(started.gateway, { query: two }, { accept });
    expect(quoted.status).toBe(200);
    expect(quoted.headers.get('content-type')).toContain('application/json');
    expect(quoted.body).toEqual({
      requestedQueryCost: 10,
      maxQueryCost: 20,
      fits: true,
      admissibleNow: true,
      retryAfterSeconds: null,
      breakdown: [{ path: 'books', coordinate: 'Query.books', instances: 10, cost: 10 }],
    });
  }
  expect(headersOf(await ask(started.gateway, { query: two }))).toMatchObject({ ratelimit: '"org-cost";r=97;t=3' });
  const prefixed = await started.gateway.send({
    path: '/api/v1/public/graphql/cost',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'mutation { rename(id: 1, title: "x") { id } }' }),
  });
  expect(prefixed.body).toMatchObject({ requestedQueryCost: 11, fits: true });
  const unfit = await ask(started.gateway, { query: '{ a: books { id } b: books { id } c: books { id } }' });
  expect([unfit.status, unfit.body]).toMatchObject([
    200,
    { requestedQueryCost: 30, fits: false, admissibleNow: false, retryAfterSeconds: null },
  ]);
  expect([books.seen.length, sum(started.heard.captured)]).toEqual([asked, 5]);
});

test('POST /graphql/cost tells when an operation that fits will be admitted, and then it is', async () => {
  await using started = await start({ plan: { capacity: 12, restorePerSecond: 2 } });
  await started.gateway.query('{ a: book(id: 1) { id } b: book(id: 2) { id } c: book(id: 3) { id } d: book(id: 4) { id } }');
  const early = await ask(started.gateway, { query: two });
  expect(early.body).toMatchObject({ requestedQueryCost: 10, fits: true, admissibleNow: false, retryAfterSeconds: 2 });
  started.clock.advance(2_000);
  expect((await started.gateway.query(two)).status).toBe(200);
});

test('POST /graphql/cost without a point left is a 429, and wrong texts are told as ever', async () => {
  await using started = await start({ plan: { capacity: 2, maxQueryCost: 2, restorePerSecond: 0.5 } });
  const invalid = await ask(started.gateway, { query: '{ magazines }' });
  expect([invalid.status, invalid.body.errors?.[0]?.extensions['code']]).toEqual([200, 'GRAPHQL_VALIDATION_FAILED']);
  await ask(started.gateway, { query: two });
  const refused = await ask(started.gateway, { query: two });
  expect([refused.status, headersOf(refused)['retry-after'], headersOf(refused)['ratelimit']]).toEqual([
    429,
    '2',
    '"org-cost";r=0;t=4',
  ]);
  expect(refused.body.errors?.[0]?.extensions['code']).toBe('RATE_LIMITED');
  expect((await ask(started.gateway, {})).status).toBe(400);
});

test('a stranger learns no price', async () => {
  await using started = await start({ identify: nobody });
  for (const query of [two, '{ magazines }', '{ books(']) {
    const refused = await ask(started.gateway, { query });
    expect([refused.status, refused.body.errors?.[0]?.extensions['code']]).toEqual([401, 'UNAUTHENTICATED']);
    expect(refused.text).not.toContain('ost"');
  }
});

test('a stranger pays for what is public by address', async () => {
  await using started = await start({ identify: nobody, env: { PUBLIC_FIELDS: 'Query.book' } });
  expect(costOf(await started.gateway.query('{ book(id: 1) { id } }'))).toMatchObject({ actualQueryCost: 1 });
  expect(started.heard.captured).toMatchObject([{ organization: 'address 127.0.0.1', points: 1 }]);
});

test('RL-07: without limits there is neither a refusal nor a word of prices', async () => {
  await using gateway = await testGateway({ sdl });
  const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.query(two)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(answers.every((answer) => costOf(answer) === undefined && Object.keys(headersOf(answer)).length === 0)).toBe(true);
  expect((await ask(gateway, { query: two })).status).toBe(404);
});

test('RL-02: what one organization has used up another one has', async () => {
  const callers = new Map(
    [administrator, partner('acme', []), partner('helix', [])].map((caller) => [caller.organization, caller]),
  );
  await using started = await start({
    plan: { capacity: 10 },
    identify: async ({ headers }) => callers.get(String(headers['x-test-organization'])) ?? administrator,
  });
  const status = async (organization: string) =>
    (await started.gateway.query(two, {}, { 'x-test-organization': organization })).status;
  // An answer of two books books two points: the tenth is not held any more.
  expect([await status('acme'), await status('acme'), await status('helix')]).toEqual([200, 429, 200]);
});

test('a mutation that is refused is not run', async () => {
  await using started = await start({ plan: { capacity: 10, maxQueryCost: 10 } });
  const asked = books.seen.length;
  const refused = await started.gateway.query('mutation { rename(id: 1, title: "x") { id } }');
  expect([refused.status, books.seen.length]).toEqual([400, asked]);
});

test('a limit that throws something unexpected is a masked 500, not an answer without a price', async () => {
  const { limits } = testLimits();
  const broken = {
    ...limits,
    accountOf: () => {
      throw new Error('secret');
    },
  };
  await using gateway = await testGateway({ sdl, limits: broken });
  const answer = await gateway.query(two);
  expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
  expect(answer.text).not.toContain('secret');
});
