import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { getOperationAST, parse } from 'graphql';
import type { Asking } from './ask-gateway.ts';
import { askGateway, gatewayOptions } from './ask-gateway.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { keptOf, problemOf } from './kept.ts';
import type { Operation } from './operations.ts';
import { operationsOfFile, operationsOfManifest, read } from './operations.ts';
import { sayRows } from './print.ts';
import { commonOptions, readObject, readPlaces } from './words.ts';

const help = `Runs queries, so that the next one who asks them finds their answers kept, and tells how many look-ups the cache answered
before and after. Answers are kept for the organization and the rights of the credential.

  npm run cli -- cache warm src/operations --token eyJ…
  npm run cli -- cache warm samples.graphql jobs.graphql --variables variables.json --token eyJ…

  FILE…        files and folders of .graphql and .gql files, and persisted query manifests
  --variables  JSON file with an object of variables by operation name
  --url        endpoint (http://127.0.0.1:8000/graphql)
  --key        organization key, sent as X-API-Key
  --token      JWT, sent as Authorization: Bearer; look-ups are told with the scope admin:operations alone
  --json       print [{"operation", "lookups", "hitsBefore", "hitsAfter", "problem"}]

Exit code 0 when every query was answered without errors, 1 when one was not, 2 when it could not be asked.`;

/** What is kept is written after its answer has left. */
const writtenMs = 250;
/** Requests of a minute are there again in one. */
const longestWaitSeconds = 60;

type Asked = { readonly hits?: number; readonly lookups?: number; readonly problem?: string };

async function run(words: readonly string[]): Promise<number> {
  const { places, values } = readPlaces(words, 'file', {
    ...commonOptions,
    ...gatewayOptions,
    variables: { type: 'string' },
  });
  const operations = (await Promise.all(places.map(operationsAt))).flat();
  if (operations.length === 0) throw new UsageError(`There is no operation in ${places.join(' ')}.`);
  const given = values.variables === undefined ? {} : readObject('--variables', await read(values.variables));
  const round = async (name: string): Promise<readonly Asked[]> => {
    const asked: Asked[] = [];
    for (const [index, operation] of operations.entries()) {
      progress(`${name} ${index + 1}/${operations.length} ${operation.name}`);
      asked.push(await ask(values, operation, given[operation.name] ?? {}));
    }
    return asked;
  };
  const before = await round('fetching');
  await pause(writtenMs);
  const after = await round('looking');
  progress('');
  const rows = operations.map(({ name }, index) => row(name, before[index], after[index]));
  sayRows(rows, values);
  return rows.every(({ problem }) => problem === undefined) ? 0 : 1;
}

const row = (operation: string, before: Asked = {}, after: Asked = {}) => ({
  operation,
  lookups: after.lookups,
  hitsBefore: before.hits,
  hitsAfter: after.hits,
  problem: before.problem ?? after.problem,
});

async function operationsAt(place: string): Promise<readonly Operation[]> {
  const isFolder = await stat(place).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder || place.endsWith('.json') ? operationsOfManifest(place) : operationsOfFile(place);
}

/** Asks one query. A gateway that asks to come back is asked again. */
async function ask(asking: Asking, operation: Operation, variables: unknown): Promise<Asked> {
  if (!isQuery(operation)) return { problem: 'It is no query.' };
  const { query, operationName } = operation;
  const { status, headers, answer } = await askGateway(asking, { query, operationName, variables });
  const seconds = status === 429 ? Number(headers.get('retry-after') ?? 1) : Number.NaN;
  if (seconds <= longestWaitSeconds) {
    await pause(seconds * 1_000);
    return ask(asking, operation, variables);
  }
  const problem = problemOf(answer);
  if (problem !== undefined) return { problem };
  const kept = keptOf(answer)?.filter((lookup) => lookup.status !== 'bypass');
  return kept === undefined ? {} : { lookups: kept.length, hits: kept.filter((lookup) => lookup.status !== 'miss').length };
}

/** What cannot be parsed is the gateway's to refuse. */
function isQuery({ query, operationName }: Operation): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === 'query';
  } catch {
    return true;
  }
}

/** One line that is written over, for people who wait. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

export const warm: Command = { summary: 'run queries, so that their answers are kept', help, run };
