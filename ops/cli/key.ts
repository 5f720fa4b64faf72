import { systemClock } from '#kit/clock.ts';
import type { IssuedKey } from '#kit/organizations/key-administration.ts';
import { grantableScopes } from '#kit/organizations/key-scopes.ts';
import { keyState } from '#kit/organizations/key-state.ts';
import type { ApiKey } from '#kit/organizations/records.ts';
import type { Command, Commands } from './command.ts';
import { UsageError } from './command.ts';
import type { Row } from './print.ts';
import { say, sayRecord, sayRows } from './print.ts';
import { withAdministration } from './with-administration.ts';
import { commonOptions, readDuration, readList, readMoment, readWords } from './words.ts';

const create: Command = {
  summary: 'make a key for an organization',
  help: `Makes an API key and prints its secret, which is kept nowhere and cannot be shown again.

  npm run cli -- key create acme-genomics --scopes samples:read,storage:read
  npm run cli -- key create acme-genomics --scopes read_only --name ci --environment test --expires 90d --allow 192.0.2.0/24

  --scopes       what the key may do (read_only); any of
${wrapped(grantableScopes, '                 ')}
  --name         what it is for (default)
  --environment  live or test, as the secret then begins with lg_live_ or lg_test_ (live)
  --expires      time from now such as 90d, or a date such as 2027-01-31 (never)
  --allow        addresses and ranges that it may be used from, with commas (any)
  --json         print {"key", "secret"}`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], {
      ...commonOptions,
      scopes: { type: 'string', default: 'read_only' },
      name: { type: 'string', default: 'default' },
      environment: { type: 'string', default: 'live' },
      expires: { type: 'string' },
      allow: { type: 'string' },
    });
    const [organizationId = ''] = positionals;
    const wanted = {
      organizationId,
      name: values.name,
      scopes: readList(values.scopes),
      environment: readEnvironment(values.environment),
      ...(values.expires !== undefined && { expiresAt: readMoment('--expires', values.expires, systemClock.now()) }),
      ...(values.allow !== undefined && { allowedAddresses: readList(values.allow) }),
    };
    return withAdministration(environment, async ({ keys }) => sayIssued(await keys.create(wanted), values));
  },
};

const list: Command = {
  summary: 'list the keys of an organization',
  help: `Lists the keys of an organization, oldest first, without their secrets.

  npm run cli -- key list acme-genomics
  npm run cli -- key list acme-genomics --json`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], commonOptions);
    const [id = ''] = positionals;
    return withAdministration(environment, async ({ store }) => {
      if ((await store.organization(id)) === undefined) throw new Error(`There is no organization ${id}.`);
      return sayRows((await store.keys(id)).map(shown), values);
    });
  },
};

const rotate: Command = {
  summary: 'replace a key by a new one',
  help: `Makes a key with the same rights and as long a life, and prints its secret. The old one stays good for the overlap.

  npm run cli -- key rotate key_4hT0sXbQ2mZk
  npm run cli -- key rotate key_4hT0sXbQ2mZk --overlap 7d

  --overlap  how long both are good (24h)`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['key'], { ...commonOptions, overlap: { type: 'string', default: '24h' } });
    const [id = ''] = positionals;
    const overlapMs = readDuration('--overlap', values.overlap);
    return withAdministration(environment, async ({ keys }) => sayIssued(await keys.rotate(id, overlapMs), values));
  },
};

const revoke: Command = {
  summary: 'make a key worthless',
  help: `Revokes a key: it is refused at once where gateways share a Redis, within 5 s elsewhere.

  npm run cli -- key revoke key_4hT0sXbQ2mZk`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['key'], commonOptions);
    const [id = ''] = positionals;
    return withAdministration(environment, async ({ keys }) => sayRecord(shown(await keys.revoke(id)), values));
  },
};

export const keyCommands: Commands = { create, list, rotate, revoke };

/** What people may know of a key. */
const shown = (key: ApiKey): Row => ({
  id: key.id,
  name: key.name,
  prefix: key.keyPrefix,
  state: keyState(key, systemClock.now()),
  scopes: key.scopes,
  expiresAt: key.expiresAt,
  lastUsedAt: key.lastUsedAt,
  usageCount: key.usageCount,
  allowedAddresses: key.allowedAddresses,
  replacedBy: key.replacedBy,
  overlapUntil: key.overlapUntil,
});

function sayIssued({ key, secret }: IssuedKey, { json }: { readonly json: boolean }): number {
  if (json) return say(JSON.stringify({ key: shown(key), secret }, null, 2));
  sayRecord(shown(key), { json });
  return say(`\nThe secret is shown this once:\n\n  ${secret}`);
}

function readEnvironment(text: string): 'live' | 'test' {
  if (text === 'live' || text === 'test') return text;
  throw new UsageError('--environment is live or test.');
}

function wrapped(words: readonly string[], indent: string): string {
  const lines = [indent];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length < 110) lines[lines.length - 1] = `${last}${last === indent ? '' : ' '}${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines.join('\n');
}
