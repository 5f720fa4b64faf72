import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '#kit/clock.ts';
import { decode, encode } from './codec.ts';
import type { Bounds, FileTables } from './file-tables.ts';
import { openFileTables } from './file-tables.ts';
import { sameStamps } from './memory-store.ts';
import type { Entry, Fault, Found, OnFault, Store, Wanted, Write } from './store.ts';

type Options = Bounds & {
  readonly file: string;
  readonly clock: Clock;
  readonly onFault: OnFault;
  /** Hears of what other processes with the same file have raised. */
  readonly onRaised: () => void;
  readonly cleanEveryMs?: number;
  /** Tags that are remembered; past them everything is forgotten. */
  readonly maxTags?: number;
};

/** What is read or written in one turn of the event loop, about a millisecond of it. */
const turnBytes = 512 * 1024;
/** What a row takes beside its value. */
const rowBytes = 2_000;
const touchStep = 250;
/** Stands for all tags that were not raised yet, and changes when stamps are forgotten. */
const initialTag = 'initial';
/** Changes with everything that any process raises. */
const lastTag = 'last';

/**
 * A store in a SQLite file, which outlives the process and may be shared by processes of one machine. Entries are those of
 * Redis, byte by byte. After a power failure the last invalidations may be missing; a crash of the process loses none.
 * @throws Error for a file that cannot be written
 */
export function fileStore({
  file,
  clock,
  onFault,
  onRaised,
  cleanEveryMs = 1_000,
  maxTags = 100_000,
  ...bounds
}: Options): Store {
  const tables = recovering(file, onFault);
  const touched = new Set<string>();
  const { stampsNow, bytesOf, noteLast } = reading({ tables, onRaised });
  const discard = (key: string, kind: Fault): void => {
    onFault({ kind });
    tables.run((open) => open.remove(key)).catch(() => undefined);
  };
  const entryOf = async ({ place }: Wanted, bytes: Buffer, current: readonly string[]): Promise<Entry | undefined> => {
    const kept = await decode(place, bytes);
    if (typeof kept === 'string') discard(place.key, kept);
    else if (sameStamps(kept.stamps, current) && clock.now() < kept.entry.createdAt + kept.entry.keepMs) {
      touched.add(place.key);
      return kept.entry;
    }
    return undefined;
  };
  const foundOf = async (asked: Wanted, bytes: Buffer | undefined, stampOf: (tag: string) => string): Promise<Found> => {
    const stamps = asked.tags.map(stampOf);
    return { entry: bytes && (await entryOf(asked, bytes, stamps)), fence: { stamps } };
  };
  const rowOf = async ({ place, entry, fence }: Write) => {
    const createdAt = clock.now();
    const bytes = await encode(place, { entry: { ...entry, createdAt }, stamps: fence.stamps });
    return { key: place.key, bytes, ends: createdAt + entry.keepMs };
  };
  const { tellUse, clean } = upkeep({ tables, clock, touched, maxTags });
  let cleaning: Promise<void> | undefined;
  const startCleaning = (): void => {
    cleaning ??= clean()
      .catch((error: unknown) => onFault({ kind: 'unavailable', error }))
      .finally(() => {
        cleaning = undefined;
      });
  };
  const timer = setInterval(startCleaning, cleanEveryMs).unref();
  return {
    now: () => clock.now(),
    async read(wanted) {
      const bytes = await bytesOf(wanted.map(({ place }) => place.key));
      // After the entries: what is raised meanwhile makes them of no use.
      const stampOf = await stampsNow([...new Set(wanted.flatMap(({ tags }) => tags))]);
      const answers: Found[] = [];
      for (const group of inTurns(wanted, ({ place }) => bytes.get(place.key)?.length ?? 0)) {
        if (answers.length > 0) await nextTurn();
        answers.push(...(await Promise.all(group.map((asked) => foundOf(asked, bytes.get(asked.place.key), stampOf)))));
      }
      return answers;
    },
    async write(writes) {
      await tellUse();
      for (const group of inTurns(writes, ({ entry }) => entry.text.length)) {
        const rows = await Promise.all(group.map(rowOf));
        await tables.run((open) => open.put(rows, clock.now(), bounds));
        await nextTurn();
      }
    },
    stamps: async (tags) => tags.map(await stampsNow(tags)),
    async raise(tags) {
      const stamp = newStamp();
      await tables.run((open) => open.setStamps([...tags, lastTag], stamp));
      noteLast(stamp);
    },
    // Stamps decide; that two processes of one machine fetch the same now and then costs less than asking.
    claim: async (places) => places.map(() => true),
    release: async () => undefined,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      // It may be waiting for another process to end its step.
      await cleaning;
      await tellUse().catch(() => undefined);
      tables[Symbol.dispose]();
    },
  };
}

type Read = { readonly tables: Recovering; readonly onRaised: () => void };

/** Reads in turns, and notices what other processes have raised. */
function reading({ tables, onRaised }: Read) {
  let last = tables.now().stamps([lastTag]).get(lastTag);

  const stampsNow = async (tags: readonly string[]): Promise<(tag: string) => string> => {
    const found = await tables.run((open) => open.stamps([...tags, initialTag, lastTag]));
    const newest = found.get(lastTag);
    if (newest !== last) onRaised();
    last = newest;
    const initial = found.get(initialTag) ?? '';
    return (tag) => found.get(tag) ?? initial;
  };
  const bytesOf = async (keys: readonly string[]): Promise<ReadonlyMap<string, Buffer>> => {
    const sizes = await tables.run((open) => open.sizes(keys));
    const found = new Map<string, Buffer>();
    for (const [index, group] of inTurns([...sizes], ([, size]) => size).entries()) {
      if (index > 0) await nextTurn();
      const read = await tables.run((open) => open.read(group.map(([key]) => key)));
      for (const [key, bytes] of read) found.set(key, bytes);
    }
    return found;
  };
  const noteLast = (stamp: string): void => {
    last = stamp;
  };
  return { stampsNow, bytesOf, noteLast };
}

type Kept = { readonly tables: Recovering; readonly clock: Clock; readonly touched: Set<string>; readonly maxTags: number };

/** What is done beside reading and writing, step by step. */
function upkeep({ tables, clock, touched, maxTags }: Kept) {
  const tellUse = async (): Promise<void> => {
    while (touched.size > 0) {
      const keys = [...touched].slice(0, touchStep);
      for (const key of keys) touched.delete(key);
      await tables.run((open) => open.touch(keys, clock.now()));
      await nextTurn();
    }
  };
  const clean = async (): Promise<void> => {
    await tellUse();
    while ((await tables.run((open) => open.clean(clock.now()))) > 0) await nextTurn();
    // Without their stamps all entries are of no use, and go one by one.
    if (tables.now().countStamps() > maxTags) await tables.run((open) => open.replaceStamps([initialTag, lastTag], newStamp()));
  };
  return { tellUse, clean };
}

const newStamp = (): string => randomBytes(9).toString('base64url');

/** Parts of a list that are about so large together; one at least in each. */
function inTurns<Item>(items: readonly Item[], sizeOf: (item: Item) => number): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item) + rowBytes;
    const group = groups.at(-1);
    if (group !== undefined && size <= room) group.push(item);
    else groups.push([item]);
    room = (groups.at(-1) === group ? room : turnBytes) - size;
  }
  return groups;
}

/** SQLite's codes for a file that is busy, and for one that is none of its own any more. */
const busy = 5;
const broken: ReadonlySet<number> = new Set([10, 11, 26]);

const attempts = 50;
const busyMs = 3;

type Recovering = ReturnType<typeof recovering>;

/** Runs steps: again where another process is writing, and on a new file where the old one is broken, which is put aside. */
function recovering(file: string, onFault: OnFault) {
  let open = openOrReplace(file, onFault);
  const run = async <Result>(step: (tables: FileTables) => Result, left = attempts): Promise<Result> => {
    try {
      return step(open);
    } catch (error) {
      const code = codeOf(error);
      if (left === 0 || !(code === busy || broken.has(code))) throw error;
      if (code === busy) await pause(busyMs);
      else {
        open[Symbol.dispose]();
        open = openOrReplace(file, onFault);
      }
      return run(step, code === busy ? left - 1 : 0);
    }
  };
  return { run, now: () => open, [Symbol.dispose]: () => open[Symbol.dispose]() };
}

/** Another process may have put the broken file aside already, so it is tried once more before. */
function openOrReplace(file: string, onFault: OnFault): FileTables {
  try {
    return openFileTables(file);
  } catch (error) {
    if (!broken.has(codeOf(error)) && !String(error).includes('not whole')) throw error;
    onFault({ kind: 'corrupt', error });
    renameSync(file, `${file}.broken`);
    for (const side of ['-wal', '-shm']) rmSync(file + side, { force: true });
    return openFileTables(file);
  }
}

/** SQLite's primary result code; 0 for what is no error of SQLite. */
const codeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
