import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import type { DocumentNode, ExecutionResult } from 'graphql';
import { getOperationAST, parse } from 'graphql';
import { compiledExecutor } from '#gateway/execution/executor.ts';
import { dataSource, plannedFetches } from '#gateway/fetch/data-source.ts';
import { localTransport } from '#gateway/fetch/local-transport.ts';
import { wantedFields } from '#gateway/fetch/wanted.ts';
import type { RequestContext, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { administrator } from '#test/harness/callers.ts';
import { openSubgraphs } from '#test/harness/running-subgraphs.ts';
import { operations } from './operations.ts';

// What it costs to run a plan and to shape its answer, with answers of subgraphs that are known already: our executor beside
// the library's, in turns. `node test/bench/execution.ts [milliseconds]`

const turnMs = Number(process.argv[2] ?? 400);
const turns = 7;

await using opened = await openSubgraphs();
const sdl = plannerSdl(readFileSync('schema/supergraph.graphql', 'utf8'), authorizationFeatures);
const supergraph = Supergraph.build(sdl, { validateSupergraph: false });
const apiSchema = supergraph.apiSchema();
const schema = apiSchema.toGraphQLJSSchema();
const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
const planner = new QueryPlanner(supergraph);
const answers = new Map<string, string>();

/** Asks a subgraph once for each question; then every caller gets a copy of its own, as out of JSON. */
async function known(request: SubgraphRequest): Promise<SubgraphResponse> {
  const representations = request.variables['representations'];
  const key = `${request.service} ${request.text} ${Array.isArray(representations) ? representations.length : ''}`;
  const kept = answers.get(key);
  if (kept !== undefined) return JSON.parse(kept) as SubgraphResponse;
  const subgraph = opened.subgraphs.get(request.service);
  if (subgraph === undefined) throw new Error(`There is no subgraph ${request.service}.`);
  const answer = await localTransport(subgraph)(request);
  answers.set(key, JSON.stringify(answer));
  return answer;
}

const wantedOf = wantedFields();
const fetches = new Map(
  [...opened.subgraphs.keys()].map((service) => [
    service,
    plannedFetches({ service, handle: known, wantedOf, onUnexpectedError: (error) => console.error(error) }),
  ]),
);
const sources = Object.fromEntries([...fetches].map(([name, fetch]) => [name, dataSource(fetch)]));
const context = (): RequestContext => ({
  call: { requestId: 'bench', signal: AbortSignal.timeout(60_000), caller: administrator },
  forwarded: {},
  uploads: [],
  address: '127.0.0.1',
  wantsBreakdown: false,
  pricesOnly: false,
  outcome: { accepted: true, refusedText: false, isPublic: false, left: false },
});

type Executors = { readonly stock: () => Promise<ExecutionResult>; readonly compiled: () => Promise<ExecutionResult> };

function executors(document: DocumentNode, variables: Readonly<Record<string, unknown>>): Executors {
  const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is no operation.');
  const handlerOf = (name: string) => fetches.get(name) ?? Promise.reject;
  const execute = compiledExecutor({ sdl, planOf: () => plan, handlerOf });
  const shared = context();
  const run = executeQueryPlan as unknown as (...parts: readonly unknown[]) => Promise<ExecutionResult>;
  return {
    compiled: () => execute({ context: shared, schema, document, operation, variables, hash: '' }),
    stock() {
      const operationContext = buildOperationContext({ schema, operationDocument: document });
      const request = { request: { variables }, context: shared, metrics: {}, document, operation };
      return run(plan, sources, request, operationContext, supergraphSchema, apiSchema, {});
    },
  };
}

/** CPU microseconds of one run, its answer written as JSON. */
async function turn(run: () => Promise<ExecutionResult>): Promise<number> {
  const until = performance.now() + turnMs;
  const before = cpuUsage();
  let runs = 0;
  for (; performance.now() < until; runs++) JSON.stringify(await run());
  const { user, system } = cpuUsage(before);
  return (user + system) / runs;
}

const middle = (figures: readonly number[]): number =>
  figures.toSorted((left, right) => left - right)[Math.floor(figures.length / 2)] ?? 0;

for (const { name, query, variables = {} } of operations) {
  const { stock, compiled } = executors(parse(query), variables);
  const [left, right] = [await stock(), await compiled()].map((answer) => JSON.stringify(answer));
  if (left !== right) throw new Error(`${name}: the answers differ.`);
  const measured: { stock: number[]; compiled: number[] } = { stock: [], compiled: [] };
  for (let index = 0; index < turns; index++) {
    measured.stock.push(await turn(stock));
    measured.compiled.push(await turn(compiled));
  }
  const [slow, fast] = [middle(measured.stock.slice(1)), middle(measured.compiled.slice(1))];
  const bytes = [...answers.values()].join('').length;
  console.log(
    `${name}: stock ${slow.toFixed(0)} us, ours ${fast.toFixed(0)} us, ${(fast / slow).toFixed(2)}; answers so far ${bytes} bytes`,
  );
}
