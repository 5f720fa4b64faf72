import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { counter } from '#ops/meters/counter.ts';
import { histogram } from '#ops/meters/histogram.ts';

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

const buckets = [0.005, 0.1, 1, 2.5];
const seconds = Array.from({ length: 500 }, (_, at) => [0.005, 0.1, 0.0051, 2.5, 0.7, 60, 0][at % 7] ?? 0);

test.each([[labels], [[]]])(
  'a histogram of the labels %j is read as that of the library, alone and with those of others',
  async (named) => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const bounds = { name: 'lab_call_seconds', help: 'Seconds of "calls".', labels: named, buckets };
    const own = histogram({ ...bounds, kind: 'histogram', unit: 'seconds', most: 20 }, ours);
    const library = new Histogram({ ...bounds, labelNames: named, registers: [theirs] });
    for (let round = 0; round < 3; round++) {
      expect(await ours.metrics()).toBe(await theirs.metrics());
      for (const [at, value] of seconds.entries()) {
        const values = named.map((_, index) => counted[at]?.[index] ?? '');
        own.observe(value, values);
        library.observe(Object.fromEntries(named.map((name, index) => [name, values[index] ?? ''])), value);
      }
    }
    const [left, right] = [await ours.getMetricsAsJSON(), await theirs.getMetricsAsJSON()];
    const merged = [AggregatorRegistry.aggregate([left, left]), AggregatorRegistry.aggregate([right, right])];
    const [mine, others] = await Promise.all(merged.map((registry) => registry.metrics()));
    expect(mine).toBe(others);
  },
);
