import { expect, test } from 'vitest';
import { giveBackMemory } from '#kit/give-back-memory.ts';

const heapTotal = (): number => process.memoryUsage().heapTotal;

test('the room of what is not needed any more goes back to the system', async () => {
  let made = Array.from({ length: 2_000_000 }, (_, at) => ({ at }));
  const large = heapTotal();
  expect(made.at(-1)?.at).toBe(1_999_999);
  made = [];
  await giveBackMemory();
  expect(heapTotal()).toBeLessThan(large - 50 * 1024 * 1024);
});
