import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { counter } from '#ops/meters/counter.ts';

const labels = ['service', 'status'];
const declared = { kind: 'counter', name: 'lab_calls_total', help: 'Calls.', unit: 'calls', labels, most: 20 } as const;

const counted = Array.from({ length: 500 }, (_, at) => [`service ${at % 3}`, at % 7 === 0 ? '500' : '200']);

test('a counter is read as that of the library, as often as it is read', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const own = counter(declared, ours);
  const library = new Counter({ name: declared.name, help: declared.help, labelNames: labels, registers: [theirs] });
  for (let round = 0; round < 3; round++) {
    for (const values of counted) {
      own.add(values, round);
      library.inc(Object.fromEntries(labels.map((name, at) => [name, values[at] ?? ''])), round);
    }
    expect(await ours.metrics()).toBe(await theirs.metrics());
  }
});
