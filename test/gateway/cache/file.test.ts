import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileStore } from '#gateway/cache/file-store.ts';
import type { Fault, Write } from '#gateway/cache/store.ts';
import { systemClock } from '#kit/clock.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { startLibrary } from './library.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-file-'));
});
afterAll(() => rm(folder, { recursive: true }));
const newFile = (): string => join(folder, String(++files), 'deep', 'cache.db');

const wanted = (name: string, tags: readonly string[] = ['{pub}:type:Book']) => ({
  place: { namespace: 'ns', digest: name, key: `c:{ns}:1:books:Book:${name}` },
  tags,
});
const write = (name: string, stamps: readonly string[], text = `"${name}"`, keepMs = 60_000): Write => ({
  ...wanted(name),
  entry: { text, freshMs: keepMs, keepMs, costMs: 1 },
  fence: { stamps },
});
const open = (file: string, options: Partial<Parameters<typeof fileStore>[0]> = {}) => {
  const faults: Fault[] = [];
  const raised: number[] = [];
  const store = fileStore({
    file,
    clock: systemClock,
    maxEntries: 100_000,
    maxBytes: 64 * 1024 * 1024,
    onFault: ({ kind }) => faults.push(kind),
    onRaised: () => raised.push(1),
    ...options,
  });
  const text = async (name: string) => (await store.read([wanted(name)]))[0]?.entry?.text;
  return { ...store, faults, raised, text };
};
const rows = (file: string, sql = 'SELECT count(*) AS value FROM entries'): unknown => {
  using database = new DatabaseSync(file);
  return Object.values(database.prepare(sql).get() ?? {})[0];
};

test('CA-01 CA-02 what is kept outlives the process, in a folder that is made for it, in WAL mode, for its owner alone', async () => {
  const file = newFile();
  {
    await using store = open(file);
    const [found] = await store.read([wanted('a')]);
    await store.write([write('a', found?.fence.stamps ?? [])]);
  }
  await using store = open(file);
  expect(await store.text('a')).toBe('"a"');
  expect(rows(file, 'PRAGMA journal_mode')).toBe('wal');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);
});

test('a gateway finds after its restart what it kept before, and nothing that was changed', async () => {
  await using library = await startLibrary();
  const file = newFile();
  const titles = '{ one: book(id: "1") { title } two: book(id: "2") { title } }';
  {
    await using branch = await library.open({ store: { file } });
    await branch.gateway.query(titles);
    await branch.gateway.query('mutation { rename(id: "2", title: "Renamed") { id title } }');
  }
  library.asked.length = 0;
  await using branch = await library.open({ store: { file } });
  expect((await branch.gateway.query(titles)).body.data).toEqual({ one: { title: 'Book 1' }, two: { title: 'Renamed' } });
  expect(branch.statuses).toContain('books miss');
  expect(library.asked).not.toContain('book 3');
  library.asked.length = 0;
  await branch.gateway.query(titles);
  expect(library.asked).toEqual([]);
});

test('CA-02 a file that cannot be written leaves memory and a warning', async () => {
  await using library = await startLibrary();
  const occupied = join(folder, 'occupied');
  await writeFile(occupied, '');
  await using branch = await library.open({ store: { file: join(occupied, 'cache.db') } });
  expect(branch.faults).toEqual(['unavailable']);
  await branch.gateway.query('{ book(id: "1") { title } }');
  await branch.gateway.query('{ book(id: "1") { title } }');
  expect(branch.statuses).toEqual(['books miss', 'books hit']);
});

test('CA-03 what was used longest ago goes first, by number and by bytes', async () => {
  const clock = handClock();
  const file = newFile();
  await using store = open(file, { maxEntries: 100, clock });
  const names = Array.from({ length: 150 }, (_, index) => `n${index}`);
  const keep = (some: readonly string[]) => store.write(some.map((name) => write(name, [''])));
  await keep(names.slice(0, 100));
  clock.advance(1_000);
  for (const name of names.slice(0, 10)) expect(await store.text(name)).toBeDefined();
  clock.advance(1_000);
  await keep(names.slice(100));
  expect(rows(file)).toBe(100);
  for (const name of names.slice(0, 10)) expect(await store.text(name)).toBeDefined();
  expect(await store.text('n10')).toBeUndefined();
  await using small = open(newFile(), { maxBytes: 50_000, clock });
  for (const name of names) {
    clock.advance(1);
    await small.write([write(name, [''], JSON.stringify(`${name} ${crypto.randomUUID().repeat(20)}`))]);
  }
  const found = await small.read(names.map((name) => wanted(name)));
  expect(found.at(-1)?.entry).toBeDefined();
  expect(found[0]?.entry).toBeUndefined();
});

test('CA-04 what has run out is gone without being read', async () => {
  const clock = handClock();
  const file = newFile();
  await using store = open(file, { clock, cleanEveryMs: 20 });
  await store.write(Array.from({ length: 1_000 }, (_, index) => write(`n${index}`, [''])));
  await store.write([write('long', [''], '"long"', 600_000)]);
  clock.advance(61_000);
  await expect.poll(() => rows(file)).toBe(1);
  expect(rows(file, 'SELECT entries FROM totals')).toBe(1);
});

test('a raise reaches the other process of a file, also where it was fetched before and written after', async () => {
  const file = newFile();
  await using one = open(file);
  await using other = open(file);
  const [before] = await one.read([wanted('a')]);
  await other.raise(['{pub}:type:Book']);
  await one.write([write('a', before?.fence.stamps ?? [])]);
  expect(await one.text('a')).toBeUndefined();
  expect(await other.text('a')).toBeUndefined();
  expect({ one: one.raised.length, other: other.raised.length }).toEqual({ one: 1, other: 0 });
});

test('past as many tags as are remembered everything is forgotten, and nothing that was changed comes back', async () => {
  const file = newFile();
  await using store = open(file, { maxTags: 10, cleanEveryMs: 20 });
  await store.raise(['{pub}:type:Book']);
  const [found] = await store.read([wanted('a')]);
  await store.write([write('a', found?.fence.stamps ?? [])]);
  expect(await store.text('a')).toBe('"a"');
  await store.raise(Array.from({ length: 20 }, (_, index) => `{pub}:entity:${index}`));
  await expect.poll(() => rows(file, 'SELECT count(*) FROM stamps')).toBe(2);
  expect(await store.text('a')).toBeUndefined();
});

test('a file that is broken is put aside at the start', async () => {
  const file = newFile();
  await open(file)[Symbol.asyncDispose]();
  await writeFile(file, 'no database '.repeat(1_000));
  await using store = open(file);
  expect(store.faults).toEqual(['corrupt']);
  expect(await readdir(join(file, '..'))).toContain('cache.db.broken');
  await store.write([write('a', [''])]);
  expect(await store.text('a')).toBe('"a"');
});

test('an entry that was tampered with is none, and is gone', async () => {
  const file = newFile();
  await using store = open(file);
  await store.write([write('a', [''])]);
  using database = new DatabaseSync(file);
  database.exec("UPDATE entries SET bytes = x'0001020304', size = 5");
  expect(await store.text('a')).toBeUndefined();
  expect(store.faults).toEqual(['corrupt']);
  await expect.poll(() => rows(file)).toBe(0);
});

test('CA-01 three processes write and raise in one file, and none of their steps fails', async () => {
  const file = newFile();
  const run = (): Promise<unknown[]> => {
    const child = fork(join(import.meta.dirname, 'file-writer.ts'), [file], { stdio: 'inherit' });
    return once(child, 'exit');
  };
  const ended = await Promise.all([run(), run(), run()]);
  expect(ended.map(([code]) => code)).toEqual([0, 0, 0]);
  expect(rows(file, 'PRAGMA integrity_check')).toBe('ok');
  expect(rows(file, 'SELECT entries FROM totals')).toBe(rows(file));
});

test('a hundred large entries hold the event loop up for moments alone', async () => {
  const file = newFile();
  await using store = open(file);
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const large = JSON.stringify(Array.from({ length: 4_000 }, (_, index) => crypto.randomUUID() + index));
  // Time of the processor, since others may be using the machine.
  const usedMs = (): number => process.threadCpuUsage().user / 1_000 + process.threadCpuUsage().system / 1_000;
  let longest = 0;
  let last = usedMs();
  const timer = setInterval(() => {
    const now = usedMs();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await store.write(names.map((name) => write(name, [''], large)));
  const found = await store.read(names.map((name) => wanted(name)));
  await pause(5);
  clearInterval(timer);
  expect(found.every(({ entry }) => entry?.text === large)).toBe(true);
  // Ten by design; collecting garbage may fall into a step.
  expect(longest).toBeLessThan(40);
});
