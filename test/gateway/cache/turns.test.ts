import { expect, test } from 'vitest';
import type { Part } from '#gateway/cache/lookup.ts';
import type { Task } from '#gateway/cache/outcome.ts';
import type { Store } from '#gateway/cache/store.ts';
import { turns } from '#gateway/cache/turns.ts';

const part = (at: number): Part => {
  const place = { namespace: 'n', digest: String(at), key: `c:{n}:${at}` };
  return { at, slot: { place, tags: [] } as unknown as NonNullable<Part['slot']> };
};

const parts = [part(0), part(1), part(2)];
const task = { fenceOf: () => ({ stamps: [] }) } as unknown as Task;

/** Turns over a store that gives what `won` says, and what was claimed and released of it. */
function turnsOver(won: () => Promise<readonly boolean[]>) {
  const claimed: string[] = [];
  const released: string[] = [];
  const store: Pick<Store, 'claim' | 'release' | 'read'> = {
    read: async () => [],
    claim(places) {
      claimed.push(...places.map(({ digest }) => digest));
      return won();
    },
    async release(places) {
      released.push(...places.map(({ digest }) => digest));
    },
  };
  const background = { run: (work: () => Promise<unknown>) => void work(), [Symbol.asyncDispose]: async () => undefined };
  return { claimed, released, turns: turns({ store: store as Store, background, random: () => 0 }) };
}

test('what is quickly fetched is neither claimed nor released', async () => {
  const { claimed, released, turns: own } = turnsOver(async () => []);
  const divided = await own.divide(task, parts, 10);
  expect(divided).toEqual({ ours: parts, theirs: [], claimed: [] });
  own.release(divided.claimed);
  expect([claimed, released]).toEqual([[], []]);
});

test('what others claimed first is theirs, and what is ours alone is released', async () => {
  const { claimed, released, turns: own } = turnsOver(async () => [true, false, true]);
  const divided = await own.divide(task, parts, 100);
  expect(divided).toEqual({ ours: [parts[0], parts[2]], theirs: [parts[1]], claimed: [parts[0], parts[2]] });
  own.release(divided.claimed);
  expect([claimed, released]).toEqual([
    ['0', '1', '2'],
    ['0', '2'],
  ]);
});

test('a store that does not answer may have given all, so all are released', async () => {
  const { released, turns: own } = turnsOver(() => Promise.reject(new Error('away')));
  const divided = await own.divide(task, parts, 100);
  expect(divided).toEqual({ ours: parts, theirs: [], claimed: parts });
  own.release(divided.claimed);
  expect(released).toEqual(['0', '1', '2']);
});
