import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#kit/clock.ts';
import { readEnvironment } from '#kit/environment.ts';
import { organizationVariables } from '#kit/organizations/settings.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import type { Backup } from '#ops/backup/backup.ts';
import { backupVariables, readBackupSettings } from '#ops/backup/settings.ts';
import type { Command, Commands } from './command.ts';
import { UsageError } from './command.ts';
import { say, sayRecord, sayRows } from './print.ts';
import { commonOptions, readList, readWords } from './words.ts';

/** @param namesOfGateway variables of the gateway, which are read when a command wants them */
export function backupCommands(namesOfGateway: () => Promise<readonly string[]>): Commands {
  const withBackup = async (environment: Environment, command: (backup: Backup) => Promise<number>): Promise<number> => {
    const names = await namesOfGateway();
    const read = await readEnvironment(environment, [...names, ...backupVariables, ...organizationVariables]);
    const { openBackup } = await import('#ops/backup/backup.ts');
    const backup = await openBackup({
      environment: read,
      names,
      settings: readBackupSettings(read),
      supergraph: fileURLToPath(new URL('../../schema/supergraph.graphql', import.meta.url)),
      now: systemClock.now,
      onStep: progress,
    });
    try {
      return await command(backup);
    } finally {
      progress('');
    }
  };
  return {
    create: createCommand(withBackup),
    list: listCommand(withBackup),
    verify: verifyCommand(withBackup),
    restore: restoreCommand(withBackup),
    prune: pruneCommand(withBackup),
  };
}

type WithBackup = (environment: Environment, command: (backup: Backup) => Promise<number>) => Promise<number>;

const createCommand = (withBackup: WithBackup): Command => ({
  summary: 'keep configuration, organizations, keys, usage and limits',
  help: `Makes an archive of the configuration, the store of organizations (MongoDB or the embedded file) and the gateway's
keys in Redis: limits, idempotency keys, blocked addresses, the usage stream. The cache is left out; it fills itself.
Everything is read while the gateway runs.

  npm run cli -- backup create
  BACKUP_DESTINATION=s3://backups/gateway npm run cli -- backup create --json

  BACKUP_DESTINATION   folder, or s3://bucket/prefix (.data/backups)
  BACKUP_KEY           secret that encrypts the archive (AES-256-GCM); without one it holds no secrets of the configuration,
                       and in production none is made
  BACKUP_S3_ENDPOINT BACKUP_S3_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  --json               print the archive as JSON`,
  run(words, environment) {
    const { values } = readWords(words, [], commonOptions);
    return withBackup(environment, async (backup) => {
      const { name, encryption, parts } = await backup.create();
      if (encryption === undefined)
        console.error(
          'BACKUP_KEY is not set: whoever has this archive can read it, graph credentials of organizations included.',
        );
      return sayRecord(
        { name, place: backup.place, encrypted: encryption !== undefined, parts: parts.length, bytes: sumOf(parts) },
        values,
      );
    });
  },
});

const sumOf = (parts: readonly { readonly bytes: number }[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

const listCommand = (withBackup: WithBackup): Command => ({
  summary: 'list the archives, oldest first',
  help: `Lists the archives of BACKUP_DESTINATION, oldest first; one that is not complete was cut off while it was made.

  npm run cli -- backup list
  npm run cli -- backup list --json`,
  run(words, environment) {
    const { values } = readWords(words, [], commonOptions);
    return withBackup(environment, async (backup) => sayRows(await backup.list(), values));
  },
});

const verifyCommand = (withBackup: WithBackup): Command => ({
  summary: 'prove that an archive can be restored',
  help: `Checks every checksum of an archive, restores it into a scratch place beside the stores that the environment names
(a database of its own, a temporary file, keys of a moment), compares, and takes the scratch place away.

  npm run cli -- backup verify
  npm run cli -- backup verify 2026-11-21_10-03-59_3fa9 --checksums-only

  --checksums-only  restore nothing; no store is needed
  --json            print the records by store as JSON

Without a name the newest archive is verified. Exit code 1 when something is wrong.`,
  run(words, environment) {
    const { name, values } = readName(words, { 'checksums-only': { type: 'boolean', default: false } });
    return withBackup(environment, async (backup) => {
      const archive = name ?? (await newestOf(backup));
      const records = await backup.verify(archive, { checksumsOnly: values['checksums-only'] });
      return sayRecord({ name: archive, good: true, ...records }, values);
    });
  },
});

async function newestOf(backup: Backup): Promise<string> {
  const name = await backup.newest();
  if (name === undefined) throw new Error(`There is no archive in ${backup.place}.`);
  return name;
}

const restoreCommand = (withBackup: WithBackup): Command => ({
  summary: 'put back what an archive holds',
  help: `Puts an archive back into the stores that the environment names, after all its checksums have passed. A store with
something in it is left alone unless told otherwise.

  npm run cli -- backup restore 2026-11-21_10-03-59_3fa9
  npm run cli -- backup restore 2026-11-21_10-03-59_3fa9 --yes --overwrite --only organizations
  npm run cli -- backup restore 2026-11-21_10-03-59_3fa9 --yes --only configuration --configuration restored/

  --yes            do not ask; needed where nobody can be asked
  --overwrite      put away what the stores hold
  --only           of organizations, redis, limits and configuration, comma-separated (all stores)
  --configuration  folder for gateway.env and the files it names; start with node --env-file
  --json           print the records by store as JSON`,
  async run(words, environment) {
    const { name, values } = readName(words, {
      yes: { type: 'boolean', default: false },
      overwrite: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      configuration: { type: 'string' },
    });
    if (name === undefined) throw new UsageError('Which archive? `backup list` tells their names.');
    const only = readOnly(values.only);
    const stores = only.filter((store) => store !== 'configuration');
    if (!values.yes) await ask(`Restore ${name}${values.overwrite ? ', and put away what the stores hold' : ''}?`);
    return withBackup(environment, (backup) =>
      backup.withArchive(name, async (archive) => {
        const records =
          only.length > 0 && stores.length === 0
            ? {}
            : await backup.restore(archive, { overwrite: values.overwrite, only: stores });
        const configuration = await configurationOf(archive, values.configuration);
        return sayRecord({ name, ...records, ...configuration }, values);
      }),
    );
  },
});

const restorable = ['organizations', 'redis', 'limits', 'configuration'];

function readOnly(text: string): readonly string[] {
  const only = readList(text);
  const unknown = only.find((name) => !restorable.includes(name));
  if (unknown !== undefined) throw new UsageError(`--only knows no ${unknown}; it knows ${restorable.join(', ')}.`);
  return only;
}

async function configurationOf(archive: Parameters<Backup['restore']>[0], folder: string | undefined) {
  if (folder === undefined) return {};
  const { restoreConfiguration } = await import('#ops/backup/configuration.ts');
  const { files, leftOut } = await restoreConfiguration(archive, folder);
  return { configuration: folder, files, toBeSet: leftOut };
}

/** @throws Error unless a person says yes */
async function ask(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError(`${question} Nobody can be asked here; repeat with --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was restored.');
}

const pruneCommand = (withBackup: WithBackup): Command => ({
  summary: 'take old archives away',
  help: `Takes away archives that are older than BACKUP_RETENTION_DAYS (30), and incomplete ones after a day. The newest good
archive stays, however old it is; where none is good, all stay.

  npm run cli -- backup prune
  npm run cli -- backup prune --days 90 --json

  --days  in place of BACKUP_RETENTION_DAYS
  --json  print what was removed and kept as JSON`,
  run(words, environment) {
    const { values } = readWords(words, [], { ...commonOptions, days: { type: 'string' } });
    const days = values.days === undefined ? undefined : Number(values.days);
    if (days !== undefined && !(Number.isInteger(days) && days > 0)) throw new UsageError('--days is a whole number from 1 on.');
    return withBackup(environment, async (backup) => {
      const { removed, kept } = await backup.prune(days);
      return values.json ? say(JSON.stringify({ removed, kept })) : say(`${removed.length} removed, ${kept.length} kept.`);
    });
  },
});

/** Words with at most one name among them. */
function readName<const Options extends Parameters<typeof readWords>[2]>(words: readonly string[], options: Options) {
  const isName = words[0] !== undefined && !words[0].startsWith('--');
  const { positionals, values } = readWords(words, isName ? ['archive'] : [], { ...commonOptions, ...options });
  return { name: positionals[0], values };
}

/** One line that is written over, for people who wait. */
function progress(step: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${step}`);
}
