import type { Metric, Registry } from 'prom-client';
import type { Declaration } from '#ops/metrics.ts';
import type { LabelValues } from './room.ts';
import type { Labels } from './series.ts';
import { seriesWithin } from './series.ts';

export type Observing = { readonly observe: (value: number, values?: LabelValues) => void };

type Series = {
  readonly labels: Labels;
  /** Observations that fell between a bound and the one before it; the last ones are above all bounds. */
  readonly counts: number[];
  sum: number;
};

/**
 * Counts observations into buckets: a look-up and two additions each, where the library makes texts of the labels and looks
 * for them. It is told as the library tells its own (Prometheus text format, histograms).
 */
export function histogram({ name, help, labels, most, buckets = [] }: Declaration, registry: Registry): Observing {
  const all: Series[] = [];
  const seriesOf = seriesWithin({ labels, most }, (given): Series => {
    const series = { labels: given, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
    all.push(series);
    return series;
  });
  if (labels.length === 0) seriesOf([]);
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: all.flatMap((series) => samples(series, { name, buckets })),
  });
  // The library asks a metric for nothing else than its name and this.
  registry.registerMetric({ name, get } as unknown as Metric);
  return {
    observe(value, values = []) {
      const series = seriesOf(values);
      const above = buckets.findIndex((bound) => value <= bound);
      const at = above < 0 ? buckets.length : above;
      series.counts[at] = (series.counts[at] ?? 0) + 1;
      series.sum += value;
    },
  };
}

type Named = Required<Pick<Declaration, 'name' | 'buckets'>>;

function samples({ labels, counts, sum }: Series, { name, buckets }: Named) {
  let count = 0;
  const bounded = [...buckets, '+Inf'].map((le, at) => {
    count += counts[at] ?? 0;
    return { labels: { le, ...labels }, value: count, metricName: `${name}_bucket` };
  });
  return [...bounded, { labels, value: sum, metricName: `${name}_sum` }, { labels, value: count, metricName: `${name}_count` }];
}
