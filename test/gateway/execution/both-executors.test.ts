import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { localTransport } from '#gateway/fetch/local-transport.ts';
import type { SubgraphHandler } from '#gateway/request.ts';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { containerId, jobId, sampleId, templateId, userId } from '#ops/sandbox/data/facts.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import type { BothExecutors, Comparable } from '#test/harness/both-executors.ts';
import { bothExecutors } from '#test/harness/both-executors.ts';
import { corrupted } from '#test/harness/corrupted.ts';
import { asWrittenByLibrary, differences } from '#test/harness/differences.ts';
import { museum } from '#test/harness/museum.ts';
import { pick } from '#test/harness/random.ts';
import type { RandomOperation } from '#test/harness/random-operation.ts';
import { randomOperation } from '#test/harness/random-operation.ts';
import { openSubgraphs } from '#test/harness/running-subgraphs.ts';

/** Operations of each test; thousands by hand: `OPERATIONS=5000 npx vitest run test/gateway/execution`. */
const operations = Number(process.env['OPERATIONS'] ?? 100);
const seeds = Array.from({ length: operations }, (_, index) => Number(process.env['FIRST_SEED'] ?? 1) + index);
const timeout = 60_000 + operations * 1_000;

type Found = { readonly seed: number; readonly operation: RandomOperation; readonly found: readonly string[] };

/** Runs every operation of a series with both executors; those that Apollo's planner cannot plan are passed over. */
async function compared(
  both: BothExecutors,
  operationOf: (seed: number) => RandomOperation,
  judge: (stock: Comparable, compiled: Comparable, operation: RandomOperation) => readonly string[],
): Promise<{ readonly found: readonly Found[]; readonly answered: number }> {
  const found: Found[] = [];
  let answered = 0;
  for (const seed of seeds) {
    const operation = operationOf(seed);
    if (!both.canPlan(operation)) continue;
    const [stock, compiled] = [await both.stock(operation, seed), await both.compiled(operation, seed)];
    const differing = judge(stock, compiled, operation);
    if (differing.length > 0) found.push({ seed, operation, found: differing });
    if ((compiled.data ?? 'null') !== 'null') answered += 1;
  }
  return { found, answered };
}

test('the same answer as the stock executor for operations of every kind over a supergraph with all of federation', {
  timeout,
}, async () => {
  const { sdl, ask } = museum();
  const both = bothExecutors({ sdl, ask });
  const operationOf = (seed: number) =>
    randomOperation({
      schema: both.schema,
      random: seededRandom(seed),
      depth: 3,
      typenames: true,
      given: () => String(seed % 12),
    });
  const { found, answered } = await compared(both, operationOf, (stock, compiled, operation) => [
    ...differences(stock, compiled),
    ...(asWrittenByLibrary(both.schema, operation, compiled.data ?? '') === compiled.data ? [] : ['order']),
  ]);
  expect(found).toEqual([]);
  expect(answered).toBeGreaterThan(operations / 2);
});

test('the same answer as the stock executor where subgraphs fail and lie', { timeout }, async () => {
  const { sdl, ask } = museum();
  const both = bothExecutors({ sdl, ask: (request, seed) => corrupted(ask, { seed, percent: 2 })(request) });
  const operationOf = (seed: number) =>
    randomOperation({ schema: both.schema, random: seededRandom(seed), depth: 4, given: () => String(seed % 12) });
  const { found, answered } = await compared(both, operationOf, differences);
  expect(found).toEqual([]);
  expect(answered).toBeGreaterThan(operations / 4);
});

const ids: Readonly<Record<string, readonly string[]>> = {
  sampleId: [sampleId(1), sampleId(2), sampleId(777)],
  jobId: [jobId(1), jobId(2)],
  templateId: [templateId(1)],
  containerId: [containerId(1)],
  userId: [userId(1), userId(99)],
  graph: ['lab', 'none'],
  id: [sampleId(3), jobId(3), templateId(2), userId(2), 'RAG-001', 'lab'],
};

/** What is slow, and what tells of the queries that others have run. */
const leaveOut = new Set(['Query.askLab', 'Query.graphQueryJobs', 'Query.graphQueryJob']);

test('the same answer as the stock executor for operations over the laboratory, with faults and without', {
  timeout,
}, async () => {
  await using opened = await openSubgraphs();
  const sdl = plannerSdl(readFileSync('schema/supergraph.graphql', 'utf8'), authorizationFeatures);
  const transports = new Map([...opened.subgraphs].map(([name, subgraph]) => [name, localTransport(subgraph)]));
  const truth: SubgraphHandler = async (request) => (await transports.get(request.service)?.(request)) ?? { data: null };
  const both = bothExecutors({
    sdl,
    ask: (request, seed) => (seed % 2 === 0 ? truth(request) : corrupted(truth, { seed, percent: 1 })(request)),
  });
  const operationOf = (seed: number) => {
    const random = seededRandom(seed);
    const given = (argument: string): unknown => pick(random, ids[argument] ?? ['x']);
    return randomOperation({ schema: both.schema, random, depth: 3, given, leaveOut });
  };
  const { found, answered } = await compared(both, operationOf, differences);
  expect(found).toEqual([]);
  expect(answered).toBeGreaterThan(operations / 2);
});
