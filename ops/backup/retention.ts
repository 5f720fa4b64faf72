import type { Shelf } from './shelf.ts';
import { timeOf } from './shelf.ts';

type Parts = {
  readonly shelf: Pick<Shelf, 'names' | 'isComplete' | 'remove'>;
  readonly now: number;
  readonly days: number;
  /** Whether an archive is sound; asked of as few as will do. */
  readonly isGood: (name: string) => Promise<boolean>;
};

type Pruned = { readonly removed: readonly string[]; readonly kept: readonly string[] };

const dayMs = 86_400_000;

/** Takes away what is older than so many days, and incomplete ones of yesterday, but never the newest good archive. @throws Error where none is good: then nothing is removed */
export async function prune({ shelf, now, days, isGood }: Parts): Promise<Pruned> {
  const names = await shelf.names();
  const newestGood = await firstOf(names.toReversed(), isGood);
  if (newestGood === undefined && names.length > 0)
    throw new Error('No archive is good, so none is removed; see what verify says.');
  const removed: string[] = [];
  for (const name of names) {
    const age = now - timeOf(name);
    const isOver = age > days * dayMs || (age > dayMs && !(await shelf.isComplete(name)));
    if (!isOver || name === newestGood) continue;
    await shelf.remove(name);
    removed.push(name);
  }
  return { removed, kept: names.filter((name) => !removed.includes(name)) };
}

async function firstOf(names: readonly string[], isGood: Parts['isGood']): Promise<string | undefined> {
  for (const name of names) if (await isGood(name)) return name;
  return undefined;
}
