import { cpuUsage } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { ExecutionResult } from 'graphql';
import { getOperationAST, parse } from 'graphql';
import { compiledExecutor } from '#gateway/execution/executor.ts';
import type { FetchHandler } from '#gateway/execution/run.ts';
import type { RequestContext } from '#gateway/request.ts';
import { compose } from '#schema/compose.ts';
import { administrator } from '#test/harness/callers.ts';
import type { RemoteName, RemoteOperation } from './remote-graph.ts';
import { remoteGraph, remoteOperations, remoteQuery } from './remote-graph.ts';
import { writeSection } from './results.ts';

/*
 * How the cost of an answer grows with its entities: `node test/bench/scale.ts [--write]`. Each of them is joined twice; what
 * subgraphs answer is JSON that is known already, so that this is the executor, JSON read and written included.
 */

const names = Object.keys(remoteGraph) as RemoteName[];
const sdl = compose(names.map((name) => ({ name, url: 'http://127.0.0.1', sdl: remoteGraph[name].sdl }))).supergraph;
const supergraph = Supergraph.build(sdl, { validateSupergraph: false });
const schema = supergraph.apiSchema().toGraphQLJSSchema();
const planner = new QueryPlanner(supergraph);

const context: RequestContext = {
  call: { requestId: 'bench', signal: new AbortController().signal, caller: administrator },
  forwarded: {},
  uploads: [],
  address: '127.0.0.1',
  wantsBreakdown: false,
  pricesOnly: false,
  outcome: { accepted: true, refusedText: false, isPublic: false, left: false },
};

type Reference = { readonly __typename: string; readonly id: string };

type Resolve = (reference: Reference) => unknown;

const { samples, templates, places } = remoteGraph;
const resolveOf: Readonly<Record<string, Resolve>> = {
  Template: templates.resolvers.Template.__resolveReference,
  Place: places.resolvers.Place.__resolveReference,
};

/** Answers as the subgraph would, once; every further caller gets a copy of its own, as out of JSON, and a turn of the loop later. */
function answering(first: number): FetchHandler {
  let known: string | undefined;
  const answer = (references: readonly Reference[] | undefined): object => {
    if (references === undefined) return { samples: samples.resolvers.Query.samples(undefined, { first }) };
    return { _entities: references.map((reference) => resolveOf[reference.__typename]?.(reference)) };
  };
  return async ({ variables: { representations } }) => {
    known ??= JSON.stringify({ data: answer(representations as readonly Reference[] | undefined) });
    await nextTurn();
    return JSON.parse(known);
  };
}

function execution(operationOf: RemoteOperation): () => Promise<ExecutionResult> {
  const document = parse(remoteQuery(operationOf));
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is no operation.');
  const plan = planner.buildQueryPlan(operationFromDocument(supergraph.apiSchema(), document));
  const answers = new Map(names.map((name) => [name as string, answering(operationOf.first)]));
  const execute = compiledExecutor({
    sdl,
    planOf: () => plan,
    handlerOf: (name) => answers.get(name) ?? Promise.reject,
  });
  return () => execute({ context, schema, document, operation, variables: {}, hash: '' });
}

/** CPU microseconds of one run, its answer written as JSON: the middle one of seven turns, of which the first only warms up. */
async function microseconds(run: () => Promise<ExecutionResult>): Promise<number> {
  const figures: number[] = [];
  for (let turn = 0; turn < 7; turn++) {
    const until = performance.now() + 300;
    const before = cpuUsage();
    let runs = 0;
    for (; performance.now() < until; runs++) JSON.stringify(await run());
    const { user, system } = cpuUsage(before);
    if (turn > 0) figures.push((user + system) / runs);
  }
  return figures.toSorted((left, right) => left - right)[3] ?? Number.NaN;
}

const [, nested] = remoteOperations;
const rows: string[] = ['| entities | bytes | µs | µs an entity |', '| --- | --- | --- | --- |'];
for (const first of [1, 3, 10, 30, 100, 300, 1_000]) {
  const run = execution({ ...nested, first });
  const { errors, ...answer } = await run();
  if (errors !== undefined) throw new Error(`It failed: ${JSON.stringify(errors)}`);
  const used = await microseconds(run);
  rows.push(`| ${first} | ${JSON.stringify(answer).length} | ${used.toFixed(0)} | ${(used / first).toFixed(1)} |`);
}

/** The longest pieces of one answer of about 20 MB in which nothing else can run, in CPU milliseconds of this thread. */
async function longestPieces(): Promise<string> {
  const run = execution({ ...nested, first: 28_000 });
  await run();
  let [longest, since, running] = [0, threadMilliseconds(), true];
  const look = (): void => {
    const now = threadMilliseconds();
    longest = Math.max(longest, now - since);
    since = now;
    if (running) setImmediate(look);
  };
  look();
  const result = await run();
  await nextTurn();
  running = false;
  const before = threadMilliseconds();
  const bytes = JSON.stringify(result).length;
  const written = threadMilliseconds() - before;
  return `An answer of ${(bytes / 1e6).toFixed(1)} MB is put together in pieces of ${longest.toFixed(0)} ms CPU at most, and written as JSON in one of ${written.toFixed(0)} ms.`;
}

function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
}

const report = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}. Made by \`node test/bench/scale.ts --write\`: CPU of one run of the plan of the nested operation of
\`remote.ts\` over answers that are known already, JSON read and written included.

${rows.join('\n')}

${await longestPieces()}`;
console.log(report);
if (process.argv.includes('--write')) await writeSection('Scale', report);
