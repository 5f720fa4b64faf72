import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Archive } from './archive.ts';
import type { BackedUp } from './store.ts';
import type { Part } from './write-archive.ts';

const filePart = 'embedded.sqlite';
const countsPart = 'embedded.counts.json';
const Counts = z.record(z.string(), z.number());
type Counts = z.infer<typeof Counts>;

/** Pages that are copied at once: with fewer, a busy writer would make the copy begin anew and anew. */
const allPages = 2 ** 30;

/**
 * The embedded store, by SQLite's own online backup: a copy of one moment, whoever writes meanwhile. Restoring goes the same
 * way back, so that a process which has the file open sees the old state or the new one and nothing between.
 */
export function embeddedBackup({ file }: { readonly file: string }): BackedUp {
  return {
    name: 'organizations',
    parts: () => partsOf(file),
    isIn: (archive) => archive.part(filePart) !== undefined,
    isEmpty: async () => !(await exists(file)) || Object.values(countsIn(file)).every((count) => count === 0),
    async restore(archive) {
      await mkdir(dirname(file), { recursive: true });
      return extracted(archive, async (copy, records) => {
        using source = new DatabaseSync(copy);
        await backup(source, file, { rate: allPages });
        return records;
      });
    },
    rehearse: (archive) => extracted(archive, async (_, records) => records),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function* partsOf(file: string): AsyncGenerator<Part> {
  if (!(await exists(file))) throw new Error(`DATA_DIR: there is no store of organizations at ${file}.`);
  await using scratch = await scratchFolder();
  const copy = join(scratch.path, 'copy.sqlite');
  using source = new DatabaseSync(file, { timeout: 5_000 });
  await backup(source, copy, { rate: allPages });
  yield { name: countsPart, content: once(JSON.stringify(countsIn(copy))) };
  yield { name: filePart, content: createReadStream(copy) };
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** Hands on a sound copy of the archive's file. @throws Error for one that is not sound or lacks rows */
async function extracted<Result>(archive: Archive, use: (copy: string, records: number) => Promise<Result>): Promise<Result> {
  await using scratch = await scratchFolder();
  const copy = join(scratch.path, 'copy.sqlite');
  await writeFile(copy, archive.content(filePart), { mode: 0o600 });
  const kept = Counts.parse(await archive.json(countsPart));
  const found = countsIn(copy);
  for (const [table, count] of Object.entries(kept))
    if (found[table] !== count) throw new Error(`${table}: ${found[table] ?? 0} of ${count} rows came back.`);
  return await use(
    copy,
    Object.values(kept).reduce((sum, count) => sum + count, 0),
  );
}

/** Rows by table. @throws Error for a file that SQLite finds unsound */
function countsIn(file: string): Counts {
  using database = new DatabaseSync(file, { timeout: 5_000 });
  const { integrity_check: verdict } = database.prepare('PRAGMA integrity_check(1)').get() ?? {};
  if (verdict !== 'ok') throw new Error(`The store of organizations is not sound: ${verdict}`);
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
  return Object.fromEntries(
    tables.map(({ name }) => [
      String(name),
      Number(database.prepare(`SELECT count(*) AS count FROM "${name}"`).get()?.['count']),
    ]),
  );
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

async function scratchFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lab-gateway-backup-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
