import { expect, test } from 'vitest';
import { batchLoader, eachLoader, pickLoader } from '#kit/loader.ts';

type Thing = { readonly id: string };
const thing = (id: string): Thing => ({ id });

test('a batch answers by key: order does not matter and what is missing is null', async () => {
  const asked: string[][] = [];
  const { load } = batchLoader<string, Thing>(async (keys) => {
    asked.push([...keys]);
    return new Map(
      [...keys]
        .reverse()
        .filter((key) => key !== 'gone')
        .map((key) => [key, thing(key)]),
    );
  });
  expect(await Promise.all(['a', 'gone', 'b', 'a'].map(load))).toEqual([thing('a'), null, thing('b'), thing('a')]);
  expect(asked).toEqual([['a', 'gone', 'b']]);
});

test('asking one by one happens once per key, and one failure is alone', async () => {
  const asked: string[] = [];
  const { load } = eachLoader<string, Thing>(async (id) => {
    asked.push(id);
    if (id === 'broken') throw new Error('broken');
    return thing(id);
  });
  const results = await Promise.allSettled(['a', 'broken', 'a'].map(load));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(asked).toEqual(['a', 'broken']);
});

test('from the threshold on one list is fetched and only what it lacks one by one', async () => {
  const calls: string[] = [];
  const options = {
    threshold: 3,
    list: async () => {
      calls.push('list');
      return [thing('a'), thing('b')];
    },
    one: async (id: string) => {
      calls.push(id);
      if (id === 'broken') throw new Error('broken');
      return id === 'gone' ? null : thing(id);
    },
    idOf: ({ id }: Thing) => id,
  };
  expect(await Promise.all(['a', 'b', 'c', 'gone'].map(pickLoader(options).load))).toEqual([
    thing('a'),
    thing('b'),
    thing('c'),
    null,
  ]);
  expect(calls).toEqual(['list', 'c', 'gone']);
  calls.length = 0;
  const settled = await Promise.allSettled(['a', 'broken'].map(pickLoader(options).load));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(calls).toEqual(['a', 'broken']);
});
