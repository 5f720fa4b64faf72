/** What a run asks and what of it must hold. */
export type Scenario = {
  readonly users: number;
  readonly seconds: number;
  /** Largest share of requests that fail, 0 to 1; what a limit refuses or an overloaded gateway sheds has not failed. */
  readonly maxErrorRate: number;
  /** Largest latencies, in milliseconds; undefined where nothing is promised. */
  readonly maxP95?: number;
  readonly maxP99?: number;
};

/** The four profiles of the deployment guides. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  smoke: { users: 5, seconds: 30, maxErrorRate: 0.001, maxP95: 100, maxP99: 500 },
  load: { users: 20, seconds: 300, maxErrorRate: 0.01, maxP95: 1_000, maxP99: 3_000 },
  stress: { users: 40, seconds: 300, maxErrorRate: 0.05 },
  spike: { users: 60, seconds: 60, maxErrorRate: 0.05 },
};

/** One thing that a user asks again and again. */
export type Question = {
  readonly name: string;
  readonly path?: string;
  readonly body?: object;
  /** Its answer has the `id` of a job; whoever has one asks on with that one. */
  readonly startsJob?: true;
  /** Its operation takes the `$id` of a job; who has none starts one in its place. */
  readonly needsJob?: true;
};

const operation = (name: string, query: string): Question => ({
  name,
  body: { query: `query ${name} ${query}`, operationName: name },
});

const limits = operation('LoadLimits', '{ rateLimit { plan remaining restoreRate } }');

const health: Question = { name: 'health', path: '/health' };

/** Mixes over the laboratory's supergraph, by the name that a run asks for them by. None changes anything of the laboratory. */
export const mixes: Readonly<Record<string, readonly Question[]>> = {
  /** Lists, one thing, what hangs together, limits and health. */
  laboratory: [
    operation('LoadList', '{ samples(first: 20) { nodes { id name status } pageInfo { hasNextPage } } }'),
    operation('LoadOne', '{ sample(id: "5a000000-0000-4000-8000-000000000001") { name template { name } } }'),
    operation('LoadPositions', '{ samples(first: 5) { nodes { name storagePosition { positionIdentifier } } } }'),
    limits,
    health,
  ],
  /** Statements of the graph service from their submission to their rows, as a batch of work goes. */
  batch: [
    { ...batchStart(), startsJob: true },
    { ...operation('LoadStatus', '($id: ID!) { graphQueryJob(id: $id) { id status } }'), needsJob: true },
    operation('LoadJobs', '{ graphQueryJobs(perPage: 5) { nodes { id status } } }'),
    { ...operation('LoadResults', '($id: ID!) { graphQueryJob(id: $id) { status results { columns rows } } }'), needsJob: true },
    limits,
    health,
  ],
};

function batchStart(): Question {
  const query = 'mutation LoadSubmit { submitGraphQuery(graph: "lab", statement: "RETURN 1 AS one") { id } }';
  return { name: 'LoadSubmit', body: { query, operationName: 'LoadSubmit' } };
}
