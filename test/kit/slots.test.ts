import { expect, test } from 'vitest';
import { slots } from '#kit/slots.ts';

test('so many run at once and the others follow in their order, whatever becomes of those before', async () => {
  const slot = slots(2);
  const started: number[] = [];
  const ends: PromiseWithResolvers<number>[] = [];
  const all = [0, 1, 2, 3, 4].map((number) =>
    slot(() => {
      started.push(number);
      const end = Promise.withResolvers<number>();
      ends[number] = end;
      return end.promise;
    }),
  );
  await turn();
  expect(started).toEqual([0, 1]);
  ends[1]?.reject(new Error('failed'));
  await expect(all[1]).rejects.toThrow('failed');
  await turn();
  expect(started).toEqual([0, 1, 2]);
  ends[0]?.resolve(0);
  ends[2]?.resolve(2);
  await turn();
  expect(started).toEqual([0, 1, 2, 3, 4]);
  ends[3]?.resolve(3);
  ends[4]?.resolve(4);
  expect(await Promise.all(all.toSpliced(1, 1))).toEqual([0, 2, 3, 4]);
  expect(await slot(async () => 'free again')).toBe('free again');
});

test('work that throws at once gives its place back', async () => {
  const slot = slots(1);
  const fails = (): Promise<never> => {
    throw new Error('at once');
  };
  await expect(slot(fails)).rejects.toThrow('at once');
  expect(await slot(async () => 1)).toBe(1);
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
