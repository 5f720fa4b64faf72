import { readFile } from 'node:fs/promises';
import { Invalidation } from '#kit/invalidation.ts';
import { adminHelp, adminOf, adminOptions, askAdmin } from './ask-admin.ts';
import { askGateway, gatewayOptions } from './ask-gateway.ts';
import { warm } from './cache-warm.ts';
import type { Command, Commands } from './command.ts';
import { UsageError } from './command.ts';
import { keptOf, problemOf } from './kept.ts';
import { say, sayRecord, sayRows } from './print.ts';
import { commonOptions, readObject, readWords } from './words.ts';

const purge: Command = {
  summary: 'let be read anew what is kept',
  help: `Lets be read anew what is kept of this, in every gateway.

  npm run cli -- cache purge --type Sample
  npm run cli -- cache purge --entity Sample:5a000000-0000-4000-8000-000000000001
  npm run cli -- cache purge --entity 'Position:{"containerId":"c0","position":"A1"}'

  --type          all entities of a type, and what holds some of them
  --entity        one entity, by its id or by the fields of one of its keys as JSON
  --tag           what @cacheTag gave this tag
  --subgraph      everything that a subgraph answered
  --organization  everything that is kept for an organization
${adminHelp}

Exit code 0 when it is done, 1 when it was refused, 2 for wrong words.`,
  async run(words, environment) {
    const { values } = readWords(words, [], { ...adminOptions, ...kinds });
    const what = wanted(values);
    await askAdmin(adminOf(values, environment), { method: 'POST', path: '/admin/cache/invalidate', body: what });
    return say(`What was kept of this is read anew: ${Object.values(what).map(textOf).join(' ')}`);
  },
};

const stats: Command = {
  summary: 'tell how much the cache answers',
  help: `Tells how much of the look-ups one gateway's cache answered since its start.

  npm run cli -- cache stats
  npm run cli -- cache stats --json

${adminHelp}
  --json   print {"hit_rate_percentage", "cache_errors", "connected_to_redis"}`,
  async run(words, environment) {
    const { values } = readWords(words, [], { ...commonOptions, ...adminOptions });
    const found = await askAdmin<object>(adminOf(values, environment), { method: 'GET', path: '/admin/cache/stats' });
    return sayRecord({ ...found }, values);
  },
};

const inspect: Command = {
  summary: 'show what is kept for an operation',
  help: `Runs one query and shows each look-up in the cache that it took. What was not kept may be so afterwards.

  npm run cli -- cache inspect '{ samples(first: 3) { nodes { name } } }' --token eyJ…
  npm run cli -- cache inspect operation.graphql --token eyJ… --json

  --variables  JSON object
  --url        endpoint (http://127.0.0.1:8000/graphql)
  --key        organization key, sent as X-API-Key
  --token      JWT, sent as Authorization: Bearer; the gateway tells of its cache with the scope admin:operations alone
  --json       print [{"subgraph", "status", "age", "ttl", "tags"}], times in seconds

Exit code 0 when it could be shown, 1 for an answer with errors, 2 when it could not be asked.`,
  async run(words) {
    const { positionals, values } = readWords(words, ['operation'], {
      ...commonOptions,
      ...gatewayOptions,
      variables: { type: 'string', default: '{}' },
    });
    const query = await textOfOperation(positionals[0] ?? '');
    const { answer } = await askGateway(values, { query, variables: readObject('--variables', values.variables) });
    const problem = problemOf(answer);
    if (problem !== undefined) throw new Error(problem);
    const kept = keptOf(answer);
    if (kept === undefined) throw new Error('Nothing was looked up, or the credential has no scope admin:operations.');
    return sayRows(kept, values);
  },
};

export const cacheCommands: Commands = { purge, stats, inspect, warm };

const kinds = {
  type: { type: 'string' },
  entity: { type: 'string' },
  tag: { type: 'string' },
  subgraph: { type: 'string' },
  organization: { type: 'string' },
} as const;

/** @throws UsageError unless exactly one kind is named, and rightly */
function wanted(values: Readonly<Record<string, unknown>>): Invalidation {
  const [kind, ...others] = Object.keys(kinds).filter((name) => values[name] !== undefined);
  if (kind === undefined || others.length > 0)
    throw new UsageError('Name one of --type, --entity, --tag, --subgraph and --organization.');
  const value = String(values[kind]);
  const parsed = Invalidation.safeParse(kind === 'entity' ? entity(value) : { kind, [kind]: value });
  if (!parsed.success) throw new UsageError(`--${kind} cannot be read; --help shows how to say it.`);
  return parsed.data;
}

function entity(text: string): object {
  const [, type, key = ''] = /^(\w+):(.+)$/s.exec(text) ?? [];
  return { kind: 'entity', type, key: key.startsWith('{') ? readObject('--entity', key) : { id: key } };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

async function textOfOperation(operation: string): Promise<string> {
  if (operation.includes('{')) return operation;
  return readFile(operation, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${operation} is neither an operation nor a file that can be read.`, { cause });
  });
}
