import { expect, test } from 'vitest';
import type { Relay } from '#gateway/cache/open-store.ts';
import { openStore } from '#gateway/cache/open-store.ts';
import { systemClock } from '#kit/clock.ts';
import { testSettings } from './library.ts';

const wanted = { place: { namespace: 'ns', digest: 'a', key: 'c:{ns}:1:books:Book:a' }, tags: ['{pub}:type:Book'] };

test('what one process raises in its memory, the others have forgotten when the writer goes on', async () => {
  const ears: ((tags: readonly string[]) => Promise<void>)[] = [];
  const relay: Relay = {
    tell: async (tags) => void (await Promise.all(ears.map((hear) => hear(tags)))),
    onTold: (hear) => void ears.push(hear),
  };
  const written: string[] = [];
  const open = (name: string, given?: Relay) =>
    openStore({
      settings: testSettings({}).store,
      clock: systemClock,
      onFault: ({ kind }) => written.push(kind),
      onRaised: () => written.push(name),
      relay: given,
    });
  await using one = await open('one', relay);
  await using other = await open('other', relay);
  await using alone = await open('alone');
  const entry = { text: '"old"', freshMs: 60_000, keepMs: 60_000, costMs: 1 };
  for (const store of [one, other, alone]) {
    const [found] = await store.read([wanted]);
    await store.write([{ ...wanted, entry, fence: found?.fence ?? { stamps: [] } }]);
  }
  const kept = () => Promise.all([one, other, alone].map(async (store) => (await store.read([wanted]))[0]?.entry?.text));
  expect(await kept()).toEqual(['"old"', '"old"', '"old"']);
  await one.raise(wanted.tags);
  expect(await kept()).toEqual([undefined, undefined, '"old"']);
  expect(written).toEqual(['one', 'other']);
});
