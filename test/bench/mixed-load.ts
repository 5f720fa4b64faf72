import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { mainJob } from './operations.ts';

/** Who asks. */
export type Callers = {
  readonly person: Readonly<Record<string, string>>;
  readonly partners: readonly Readonly<Record<string, string>>[];
};

type Question = {
  readonly name: string;
  /** Callers take turns; strangers bring nothing. */
  readonly as: 'person' | 'partner' | 'stranger';
  readonly body: (turn: number) => string;
  readonly path?: string;
  readonly status: number;
  /** Code of the only error; none is expected without one. */
  readonly code?: string;
};

const sampleId = (turn: number): string => `5a000000-0000-4000-8000-${String(1 + (turn % 500)).padStart(12, '0')}`;
const json = (query: string, more: object = {}) => JSON.stringify({ query, ...more });

/** What clients send over the day: what they ask again and again, what nobody asked before, changes, and what is refused. */
export const mixture: readonly Question[] = [
  {
    name: 'one sample',
    as: 'person',
    status: 200,
    body: (turn) =>
      json('query One($id: ID!) { sample(id: $id) { id name status template { name } } }', { variables: { id: sampleId(turn) } }),
  },
  { name: 'main job', as: 'person', status: 200, body: () => json(mainJob) },
  {
    name: 'list of a partner',
    as: 'partner',
    status: 200,
    body: (turn) => json(`query List { samples(first: ${1 + (turn % 30)}) { nodes { id barcode status } } }`),
  },
  {
    name: 'unique text',
    as: 'person',
    status: 200,
    body: (turn) => json(`query Unique${turn} { a${turn}: sample(id: "${sampleId(turn)}") { id name } }`),
  },
  {
    name: 'mutation',
    as: 'person',
    status: 200,
    body: (turn) =>
      json('mutation Rename($id: ID!, $input: UpdateSampleInput!) { updateSample(id: $id, input: $input) { id name } }', {
        variables: { id: sampleId(turn), input: { name: `Sample ${turn}` } },
      }),
  },
  {
    name: 'price',
    as: 'partner',
    path: '/graphql/cost',
    status: 200,
    body: () => json('query List { samples(first: 20) { nodes { id } } }'),
  },
  {
    name: 'unknown field',
    as: 'person',
    status: 200,
    code: 'GRAPHQL_VALIDATION_FAILED',
    body: (turn) => json(`query Wrong${turn} { samples(first: 1) { nodes { id nothing${turn} } } }`),
  },
  { name: 'no JSON', as: 'partner', status: 400, code: 'BAD_REQUEST', body: (turn) => `{"query": "{ ${turn}` },
  {
    name: 'unknown hash',
    as: 'partner',
    status: 200,
    code: 'PERSISTED_QUERY_NOT_FOUND',
    body: (turn) =>
      JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: turn.toString(16).padStart(64, '0') } } }),
  },
  { name: 'stranger', as: 'stranger', status: 401, code: 'UNAUTHENTICATED', body: () => json('{ samples { totalCount } }') },
];

type Options = {
  readonly origin: string;
  readonly callers: () => Callers;
  readonly questions?: readonly Question[];
  /** Users side by side, each one question at a time. */
  readonly users: number;
  /** Requests of all users in a second; 0 for as fast as answers come. */
  readonly perSecond: number;
  /** Most requests. */
  readonly requests?: number;
};

export type Load = {
  readonly asked: () => number;
  /** What was not as it has to be, the first hundred, and how often. */
  readonly failed: () => { readonly count: number; readonly first: readonly string[] };
  /** Ends it; resolves when the last answer is there. */
  readonly stop: () => Promise<void>;
  /** Resolves when as many as were wanted are answered. */
  readonly ended: Promise<void>;
};

/** Lets users ask the mixture, one question after the other, and holds each answer to what it has to be. */
export function startLoad({ origin, callers, questions = mixture, users, perSecond, requests = Infinity }: Options): Load {
  const pool = new Pool(origin, { connections: users });
  const [first, between] = [[] as string[], perSecond === 0 ? 0 : (users * 1_000) / perSecond];
  let [running, asked, failed] = [true, 0, 0];
  const askNext = async (): Promise<void> => {
    const turn = asked++;
    const question = questions[turn % questions.length];
    const wrong = question && (await ask({ pool, question, turn, headers: headersOf(question, callers(), turn) }));
    if (wrong === undefined) return;
    failed += 1;
    if (first.length < 100) first.push(wrong);
  };
  const user = async (number: number): Promise<void> => {
    await pause((between * number) / users);
    while (running && asked < requests) {
      const since = performance.now();
      await askNext();
      const rest = between - (performance.now() - since);
      if (rest > 0) await pause(rest);
    }
  };
  const ended = Promise.all(Array.from({ length: users }, (_, number) => user(number))).then(() => pool.close());
  const stop = (): Promise<void> => {
    running = false;
    return ended;
  };
  return { asked: () => asked, failed: () => ({ count: failed, first }), stop, ended };
}

/** Everybody comes from many addresses, so that none of them is shut out for what is refused. */
function headersOf({ as }: Question, { person, partners }: Callers, turn: number): Readonly<Record<string, string>> {
  const from = { 'x-forwarded-for': `198.51.${turn % 100}.${turn % 251}` };
  if (as === 'person') return { ...person, ...from };
  return as === 'partner' ? { ...partners[turn % partners.length], ...from } : from;
}

type Asking = {
  readonly pool: Pool;
  readonly question: Question;
  readonly turn: number;
  readonly headers: Readonly<Record<string, string>>;
};

/** What was wrong with the answer. */
async function ask({ pool, question, turn, headers }: Asking): Promise<string | undefined> {
  const { name, path = '/graphql', body, status, code } = question;
  try {
    const sent = { 'content-type': 'application/json', ...headers };
    const answer = await pool.request({ path, method: 'POST', headers: sent, body: body(turn) });
    const text = await answer.body.text();
    const found = /"code":"(\w+)"/.exec(text)?.[1];
    return answer.statusCode === status && found === code ? undefined : `${name}: ${answer.statusCode} ${text.slice(0, 300)}`;
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}
