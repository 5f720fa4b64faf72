import { rm } from 'node:fs/promises';
import type { Environment } from '#kit/upstream-settings.ts';
import type { Archive } from './archive.ts';
import { openArchive } from './archive.ts';
import { archiveKey } from './cipher.ts';
import { configurationParts } from './configuration.ts';
import type { Manifest } from './manifest.ts';
import { openShelf, openStores } from './open-backup.ts';
import { prune } from './retention.ts';
import type { BackupSettings } from './settings.ts';
import type { Shelf } from './shelf.ts';
import { archiveName } from './shelf.ts';
import type { BackedUp } from './store.ts';
import type { Part } from './write-archive.ts';
import { writeArchive } from './write-archive.ts';

type Parts = {
  /** As a gateway reads it. */
  readonly environment: Environment;
  /** Variables of the gateway. */
  readonly names: readonly string[];
  readonly settings: BackupSettings;
  /** The supergraph that comes along. */
  readonly supergraph: string;
  readonly now: () => number;
  /** Hears what is being worked on. */
  readonly onStep: (step: string) => void;
};

export type Backup = Awaited<ReturnType<typeof openBackup>>;

/** What can be done with the archives of one destination. */
export async function openBackup({ environment, names, settings, supergraph, now, onStep }: Parts) {
  const { secret, mustEncrypt, retentionDays } = settings;
  const shelf = await openShelf(settings.destination);

  const create = async (): Promise<Manifest> => {
    if (mustEncrypt && secret === undefined)
      throw new Error('BACKUP_KEY: is not set, and in production nothing is kept that anybody can read.');
    const createdAt = new Date(now());
    const name = archiveName(createdAt);
    const folder = await shelf.workFolder();
    try {
      await using open = await openStores(environment);
      const configuration = configurationParts({ environment, names, supergraph, withSecrets: secret !== undefined });
      const parts = oneAfterAnother([configuration, ...open.stores.map((store) => store.parts())]);
      const key = secret === undefined ? undefined : await archiveKey(secret);
      const manifest = await writeArchive({ folder, name, createdAt, parts, key, onPart: (part) => onStep(`keeping ${part}`) });
      onStep(`putting ${name} to ${shelf.place}`);
      await shelf.put(name, folder);
      return manifest;
    } finally {
      // Gone already, where it was put away.
      await rm(folder, { recursive: true, force: true });
    }
  };

  /** Hands on a checked archive. */
  const withArchive = async <Result>(name: string, use: (archive: Archive) => Promise<Result>): Promise<Result> => {
    if (!(await shelf.names()).includes(name)) throw new Error(`There is no archive ${name} in ${shelf.place}.`);
    onStep(`fetching ${name}`);
    await using fetched = await shelf.fetch(name);
    const archive = await openArchive(fetched.folder, secret);
    onStep(`checking ${name}`);
    await archive.check();
    return await use(archive);
  };

  const isGood = (name: string): Promise<boolean> => withArchive(name, async () => true).catch(() => false);

  return {
    place: shelf.place,
    create,
    withArchive,
    list: () => listed(shelf),
    newest: async () => (await shelf.names()).at(-1),
    /** Records by store that came back in a scratch place; nothing is restored with `checksumsOnly`. */
    verify: (name: string, { checksumsOnly }: { readonly checksumsOnly: boolean }) =>
      withArchive(name, async (archive) => {
        if (checksumsOnly) return {};
        await using open = await openStores(environment);
        return await eachIn(open.stores, archive, (store) => {
          onStep(`rehearsing ${store.name}`);
          return store.rehearse(archive);
        });
      }),
    /** Records by store. @throws Error for a store with something in it, unless told to put it away */
    restore: (archive: Archive, { overwrite, only }: { readonly overwrite: boolean; readonly only: readonly string[] }) =>
      restoreStores(environment, { archive, overwrite, only, onStep }),
    prune: (days = retentionDays) => prune({ shelf, now: now(), days, isGood }),
  };
}

async function* oneAfterAnother(sources: readonly AsyncIterable<Part>[]): AsyncGenerator<Part> {
  for (const source of sources) yield* source;
}

async function listed(shelf: Shelf) {
  const names = await shelf.names();
  return Promise.all(names.map(async (name) => ({ name, complete: await shelf.isComplete(name) })));
}

type Restoring = {
  readonly archive: Archive;
  readonly overwrite: boolean;
  /** Names of stores; all when empty. */
  readonly only: readonly string[];
  readonly onStep: (step: string) => void;
};

async function restoreStores(environment: Environment, { archive, overwrite, only, onStep }: Restoring) {
  await using open = await openStores(environment);
  const wanted = open.stores.filter(({ name }) => only.length === 0 || only.includes(name));
  // All are looked at before the first is touched.
  for (const store of wanted) {
    if (store.isIn(archive) && !overwrite && !(await store.isEmpty()))
      throw new Error(`${store.name}: there is something in it already; --overwrite puts it away for what the archive holds.`);
  }
  return await eachIn(wanted, archive, (store) => {
    onStep(`restoring ${store.name}`);
    return store.restore(archive);
  });
}

/** Does something with every store that the archive has. @throws Error for a store of the environment that it has not */
async function eachIn(
  stores: readonly BackedUp[],
  archive: Archive,
  work: (store: BackedUp) => Promise<number>,
): Promise<Readonly<Record<string, number>>> {
  const missing = stores.find((store) => !store.isIn(archive));
  if (missing !== undefined) throw new Error(`The archive holds no ${missing.name} of the kind that this environment names.`);
  const records: Record<string, number> = {};
  for (const store of stores) records[store.name] = await work(store);
  return records;
}
