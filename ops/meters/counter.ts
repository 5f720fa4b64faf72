import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import type { Declaration } from '#ops/metrics.ts';
import type { LabelValues } from './room.ts';
import type { Labels } from './series.ts';
import { seriesWithin } from './series.ts';

export type Counting = { readonly add: (values?: LabelValues, amount?: number) => void };

type Pending = { readonly labels: Labels; amount: number };

/** Counts many times for each time it is read: the library, which looks series up by text, hears of a sum when it is asked. */
export function counter({ name, help, labels, most }: Declaration, registry: Registry): Counting {
  const seriesOf = seriesWithin({ labels, most }, (given): Pending => ({ labels: given, amount: 0 }));
  const untold = new Set<Pending>();
  const told = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      for (const series of untold) {
        told.inc(series.labels, series.amount);
        series.amount = 0;
      }
      untold.clear();
    },
  });
  return {
    add(values = [], amount = 1) {
      const series = seriesOf(values);
      series.amount += amount;
      untold.add(series);
    },
  };
}
