import { expect, test } from 'vitest';
import { testLimits } from '#test/gateway/rate-limit/limits.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import type { Branch } from './library.ts';
import { startLibrary } from './library.ts';

type Cost = {
  readonly requestedQueryCost: number;
  readonly actualQueryCost: number;
  readonly throttleStatus: { readonly currentlyAvailable: number };
  readonly fields?: readonly { readonly cost: number }[];
};

const costOf = async ({ gateway }: Branch, query: string, headers?: Record<string, string>): Promise<Cost> => {
  const { body } = await gateway.query(query, undefined, headers);
  return (body as unknown as { readonly extensions: { readonly cost: Cost } }).extensions.cost;
};

const five = '{ books(first: 5) { title author { name } } }';

test('an answer that was kept as a whole costs one point, and the rest of its price comes back', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ limits: testLimits().limits });
  const first = await costOf(branch, five);
  const second = await costOf(branch, five, { 'graphql-cost-debug': '1' });
  expect(first.actualQueryCost).toBe(10);
  expect(second).toMatchObject({ requestedQueryCost: first.requestedQueryCost, actualQueryCost: 1 });
  expect(second.throttleStatus.currentlyAvailable).toBe(first.throttleStatus.currentlyAvailable - 1);
  expect(second.fields?.reduce((all, { cost }) => all + cost, 0)).toBe(second.requestedQueryCost);
});

test('an answer of which one part was fetched is paid as a whole', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ limits: testLimits().limits });
  await costOf(branch, '{ books(first: 5) { title } author(id: "a1") { name } }');
  // The list is kept, and no author but the first.
  expect((await costOf(branch, '{ books(first: 5) { title } }')).actualQueryCost).toBe(1);
  expect((await costOf(branch, '{ books(first: 5) { title } author(id: "a2") { name } }')).actualQueryCost).toBe(6);
  expect((await costOf(branch, '{ books(first: 5) { title } clock }')).actualQueryCost).toBe(5);
});

test('what is asked for anew, or stands in for a failed call, is paid', async () => {
  await using library = await startLibrary();
  const clock = handClock();
  await using branch = await library.open({ limits: testLimits().limits, clock });
  await costOf(branch, five);
  expect((await costOf(branch, five, { 'cache-control': 'no-cache' })).actualQueryCost).toBe(10);
  expect((await costOf(branch, five)).actualQueryCost).toBe(1);
  clock.advance(120_000);
  library.books.fault = { status: 503, body: 'no' };
  library.authors.fault = { status: 503, body: 'no' };
  expect((await costOf(branch, five)).actualQueryCost).toBe(10);
});

test('a mutation and what nothing is ever kept of cost what they did before', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ limits: testLimits().limits });
  const rename = 'mutation { rename(id: "1", title: "New") { title } }';
  const [one, other] = [await costOf(branch, rename), await costOf(branch, rename)];
  expect(other.actualQueryCost).toBe(one.actualQueryCost);
  expect(one.actualQueryCost).toBeGreaterThan(10);
});
