import { setTimeout as pause } from 'node:timers/promises';
import type { Asking } from './ask-gateway.ts';
import { askGateway, gatewayOptions } from './ask-gateway.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { operationsOfFile } from './operations.ts';
import { sayRows } from './print.ts';
import { commonOptions, readWords } from './words.ts';

const help = `Checks a gateway after its deployment: health, a query, a cached query, limits.

  npm run cli -- smoke --key lg_live_…
  npm run cli -- smoke --operation src/operations/samples.graphql --token eyJ… --json

  --operation  file with one query that the credential may ask and that may be cached, in place of one over the laboratory
  --url        endpoint (http://127.0.0.1:8000/graphql)
  --key        organization key, sent as X-API-Key
  --token      JWT, sent as Authorization: Bearer
  --json       print [{"check", "passed", "seen"}]

A gateway that keeps nothing (CACHE_ENABLED=false) or limits nothing (RATE_LIMIT_ENABLED=false) fails the check that it lacks.
Exit code 0 when all checks pass, 1 when one does not, 2 for wrong words.`;

/** So often the cached query is asked, and this share of it the cache has to answer. */
const repeats = 10;
const agedMs = 1_100;
const leastHitShare = 0.8;

const laboratoryQuery = '{ samples(first: 1) { nodes { id name } } }';

type Seen = { readonly passed: boolean; readonly seen: string };

type Check = { readonly check: string; readonly look: () => Promise<Seen> };

async function run(words: readonly string[]): Promise<number> {
  const { values } = readWords(words, [], { ...commonOptions, ...gatewayOptions, operation: { type: 'string' } });
  const query = values.operation === undefined ? laboratoryQuery : await onlyQuery(values.operation);
  const rows = [];
  for (const { check, look } of checks(values, query)) rows.push({ check, ...(await look().catch(unanswered)) });
  sayRows(rows, values);
  return rows.every(({ passed }) => passed) ? 0 : 1;
}

async function onlyQuery(file: string): Promise<string> {
  const [operation, ...others] = await operationsOfFile(file);
  if (operation === undefined || others.length > 0) throw new UsageError(`${file} does not hold exactly one operation.`);
  return operation.query;
}

const unanswered = (error: Error): Seen => ({ passed: false, seen: error.message });

/** In the order in which one rests on the other. */
function checks(asking: Asking, query: string): readonly Check[] {
  const { origin } = new URL(asking.url);
  const page =
    (path: string): Check['look'] =>
    async () => {
      const response = await fetch(origin + path, { signal: AbortSignal.timeout(10_000) });
      const { status } = (await response.json()) as { readonly status?: string };
      return { passed: response.status === 200, seen: `${response.status} ${status ?? ''}` };
    };
  const ask = async (body: object) => {
    const { status, headers, answer } = await askGateway(asking, body);
    const errors = (answer as { readonly errors?: readonly { readonly message: string }[] }).errors ?? [];
    return { status, headers, answer, problem: errors[0]?.message };
  };
  return [
    { check: 'live', look: page('/live') },
    { check: 'ready', look: page('/ready') },
    { check: 'health', look: page('/health') },
    {
      check: 'query',
      look: async () => {
        const { status, problem } = await ask({ query });
        return { passed: status === 200 && problem === undefined, seen: problem ?? `${status} without errors` };
      },
    },
    {
      check: 'cached query',
      look: async () => {
        await ask({ query });
        // By its age in whole seconds an answer that was kept differs from one that only may be.
        await pause(agedMs);
        const answers = [];
        for (let times = 0; times < repeats; times++) answers.push(await ask({ query }));
        const hits = answers.filter(({ headers }) => Number(headers.get('age')) > 0).length;
        const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
        const passed = hits >= leastHitShare * repeats && problem === undefined;
        return { passed, seen: problem ?? `${hits} of ${repeats} out of the cache` };
      },
    },
    {
      check: 'limits',
      look: async () => {
        const { headers } = await ask({ query });
        const budget = headers.get('ratelimit');
        return { passed: budget !== null, seen: budget ?? 'no RateLimit' };
      },
    },
    {
      check: 'stranger',
      look: async () => {
        const { status } = await askGateway({ url: asking.url }, { query });
        return { passed: status === 401, seen: String(status) };
      },
    },
  ];
}

export const smoke: Command = { summary: 'check a gateway after its deployment', help, run };
