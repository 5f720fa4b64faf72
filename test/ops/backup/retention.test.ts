import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderShelf } from '#ops/backup/folder-shelf.ts';
import { prune } from '#ops/backup/retention.ts';
import { archiveName, isArchiveName, timeOf } from '#ops/backup/shelf.ts';
import { folder } from './archives.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const daysAgo = (days: number): Date => new Date(now - days * 86_400_000);

/** A shelf with an archive of each age in days; those that are not complete lack their seal. */
async function shelfOf(path: string, ages: readonly number[], { incomplete = [] as readonly number[] } = {}) {
  const names = new Map<number, string>();
  for (const age of ages) {
    const name = archiveName(daysAgo(age));
    names.set(age, name);
    await mkdir(join(path, name));
    if (!incomplete.includes(age)) await writeFile(join(path, name, 'manifest.sha256'), 'seal');
  }
  return { shelf: folderShelf(path), nameOf: (age: number): string => names.get(age) ?? '' };
}

test('DR-03 an archive is called by its time, and two of one second differ', () => {
  const names = new Set(Array.from({ length: 20 }, () => archiveName(new Date('2026-11-21T10:03:59.999Z'))));
  expect(names.size).toBeGreaterThan(1);
  for (const name of names) {
    expect(name).toMatch(/^2026-11-21_10-03-59_[0-9a-f]{4}$/);
    expect([isArchiveName(name), timeOf(name)]).toEqual([true, Date.parse('2026-11-21T10:03:59Z')]);
  }
});

describe('DR-11 after 30 days', () => {
  test('archives are taken away, and nothing else that lies there', async () => {
    await using place = await folder();
    const { shelf, nameOf } = await shelfOf(place.path, [45, 31, 29, 1, 0]);
    await writeFile(join(place.path, 'notes.txt'), 'mine');
    const { removed, kept } = await prune({ shelf, now, days: 30, isGood: async () => true });
    expect(removed).toEqual([nameOf(45), nameOf(31)]);
    expect(kept).toEqual([nameOf(29), nameOf(1), nameOf(0)]);
    expect((await readdir(place.path)).toSorted()).toEqual([...kept, 'notes.txt']);
  });

  test('the newest good archive stays, however old it is', async () => {
    await using place = await folder();
    const { shelf, nameOf } = await shelfOf(place.path, [90, 60, 40, 5]);
    const asked: string[] = [];
    const isGood = async (name: string): Promise<boolean> => {
      asked.push(name);
      return name === nameOf(60);
    };
    expect(await prune({ shelf, now, days: 30, isGood })).toEqual({
      removed: [nameOf(90), nameOf(40)],
      kept: [nameOf(60), nameOf(5)],
    });
    expect(asked).toEqual([nameOf(5), nameOf(40), nameOf(60)]);
  });

  test('where no archive is good, none is removed', async () => {
    await using place = await folder();
    const { shelf } = await shelfOf(place.path, [90, 60]);
    await expect(prune({ shelf, now, days: 30, isGood: async () => false })).rejects.toThrow('none is removed');
    expect(await readdir(place.path)).toHaveLength(2);
  });

  test('what was never finished goes after a day', async () => {
    await using place = await folder();
    const { shelf, nameOf } = await shelfOf(place.path, [3, 2, 0.1], { incomplete: [2, 0.1] });
    const { removed } = await prune({ shelf, now, days: 30, isGood: (name) => shelf.isComplete(name) });
    expect(removed).toEqual([nameOf(2)]);
  });
});
