import { getHeapSpaceStatistics } from 'node:v8';
import { keepYoung } from '#kit/young-objects.ts';

// A process of test/kit/young-objects.test.ts: what it makes lasts at first, then goes at once, and it prints how many bytes of
// the latter were made among the old objects. With the word `young` it keeps them young.
if (process.argv.includes('young')) keepYoung();

const make = (number: number) => ({ number, list: [number, number + 1, number + 2], inner: { number } });

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

const lasting: unknown[] = [];
for (let round = 0; round < 2; round++) for (let at = 0; at < 400_000; at++) lasting[at] = make(at);
// What lasted last moves over before anything is counted.
for (let at = 0; at < 40_000; at++) make(at);
const before = oldBytes();
let last: unknown;
for (let at = 0; at < 20_000; at++) last = make(at);
process.stdout.write(JSON.stringify({ bytes: oldBytes() - before, lasting: lasting.length, last }));
