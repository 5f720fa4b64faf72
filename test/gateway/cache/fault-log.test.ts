import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FaultLine } from '#gateway/cache/fault-log.ts';
import { faultLog } from '#gateway/cache/fault-log.ts';

function lines(options: { quietMs: number; everyMs: number }) {
  const said: string[] = [];
  const say = ({ kind, phase, count }: FaultLine) => said.push(`${kind} ${phase} ${count}`);
  return { said, log: faultLog({ say, ...options }) };
}

test('trouble is told of once when it begins and once with a count when it is over, each kind for itself', async () => {
  const { said, log } = lines({ quietMs: 60, everyMs: 60_000 });
  for (let faults = 0; faults < 50; faults++) log({ kind: 'unavailable', error: new Error(`${faults}`) });
  log({ kind: 'corrupt' });
  expect(said).toEqual(['unavailable began 1', 'corrupt began 1']);
  await expect.poll(() => said.toSorted()).toHaveLength(4);
  expect(said.slice(2).toSorted()).toEqual(['corrupt over 1', 'unavailable over 50']);
  log({ kind: 'unavailable' });
  expect(said.at(-1)).toBe('unavailable began 1');
});

test('trouble that lasts is told of now and then, and is not over in between', async () => {
  const { said, log } = lines({ quietMs: 400, everyMs: 200 });
  const since = performance.now();
  while (performance.now() - since < 700) {
    log({ kind: 'unavailable' });
    await pause(20);
  }
  const goingOn = said.filter((line) => line.includes('goes on'));
  expect(goingOn.length).toBeGreaterThan(0);
  expect(goingOn.length).toBeLessThanOrEqual(4);
  expect(said.filter((line) => !line.includes('goes on'))).toEqual(['unavailable began 1']);
});
