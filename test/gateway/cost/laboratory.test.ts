import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pricer } from '#gateway/cost/pricer.ts';
import { mainJob, operations } from '#test/bench/operations.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { options, priceOf } from './prices.ts';

const prices = pricer({ sdl: readFileSync(new URL('../../../schema/supergraph.graphql', import.meta.url), 'utf8'), options });

const readmeList =
  '{ samples(first: 3) { totalCount nodes { name status template { name } storagePosition { positionIdentifier container { name } } } } }';

test.each([
  ['the main job, once within the 1,000 points of a default plan', mainJob, 666],
  ['the first query of the README', readmeList, 32],
  ['one sample', operations[1]?.query ?? '', 5],
  ['a list of a hundred samples with their forms, within a premium plan', operations[2]?.query ?? '', 1_805],
  ['a page of names', '{ samples(first: 7) { nodes { id } pageInfo { hasNextPage endCursor } } }', 13],
  ['a page of as many rows as the service gives unasked', '{ samples { nodes { id } } }', 55],
  ['a statement of the caller', '{ cypherQuery(graph: "lab", statement: "MATCH (s:Sample) RETURN s") { rows } }', 100],
  ['a look around a vertex', '{ neighborhood(id: "x", depth: 3) { vertices { key } edges { source { key } } } }', 50],
  ['a look at oneself', '{ viewer { subject scopes organization { name plan } } }', 6],
  ['a week of usage', '{ viewer { organization { usage(days: 7) { day points keys { points } } } } }', 34],
  ['the keys of all partners', '{ organizations { id apiKeys { name status } } }', 550],
  ['a new key', 'mutation { createApiKey(input: { name: "x", scopes: ["samples:read"] }) { secret key { id } } }', 22],
  ['a new sample', 'mutation { createSample(input: { name: "x", sampleType: DNA }) { id } }', 16],
  ['a sign-in', 'mutation { login(input: { email: "x", password: "y" }) { accessToken } }', 21],
])('what the laboratory charges for %s', (_, text, price) => {
  expect(priceOf(prices, text).estimate({ id: 'x' })).toBe(price);
});

test('each row of a connection costs the same through nodes and edges', () => {
  const nodes = priceOf(prices, '{ samples(first: 9) { nodes { template { name } } } }').estimate({});
  const edges = priceOf(prices, '{ samples(first: 9) { edges { node { template { name } } } } }').estimate({});
  expect(edges - nodes).toBe(9);
});

test('what the laboratory answers costs no more than was estimated', async () => {
  await using laboratory = await startLaboratory();
  for (const { query, variables = {} } of [...operations, { query: readmeList }]) {
    const price = priceOf(prices, query);
    const { body } = await laboratory.gateway.query(query, variables);
    expect(body.errors).toBeUndefined();
    const actual = price.actual(body.data as unknown as Readonly<Record<string, unknown>>, variables);
    expect(actual).toBeGreaterThan(0);
    expect(actual).toBeLessThanOrEqual(price.estimate(variables));
  }
});

test('RC-19: rows are known before an operation runs', () => {
  expect(priceOf(prices, '{ samples(first: 20) { nodes { id template { name } } } }').rows({})).toBe(1 + 20 + 20);
});
