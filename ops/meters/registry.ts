import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Declaration, MetricName } from '#ops/metrics.ts';
import { declarations } from '#ops/metrics.ts';
import type { LabelValues } from './room.ts';
import { room } from './room.ts';

type Counting = { readonly add: (values?: LabelValues, amount?: number) => void };
type Gauging = Counting & { readonly set: (value: number, values?: LabelValues) => void };
type Observing = { readonly observe: (value: number, values?: LabelValues) => void };

type MeterOf = { readonly counter: Counting; readonly gauge: Gauging; readonly histogram: Observing };

/** What changes each metric. */
export type Meters = { readonly [Name in MetricName]: MeterOf[(typeof declarations)[Name]['kind']] };

export type MeterRegistry = {
  readonly meters: Meters;
  /** Prometheus text format. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
  /** The same for adding up with other processes. */
  readonly snapshot: () => Promise<readonly object[]>;
};

/** Labels whose values clients can choose, by name. */
const openLabels: ReadonlySet<string> = new Set(['endpoint', 'organization_id', 'dataset_id', 'plan', 'api_key_id']);

/** Place of the label that clients can influence most, where there is one. */
export function openLabelOf(labels: readonly string[]): number | undefined {
  const at = labels.findLastIndex((label) => openLabels.has(label));
  return at < 0 ? undefined : at;
}

/** Makes every declared metric, and those of Node, in a registry of their own. */
export function meterRegistry(): MeterRegistry {
  const registry = new Registry();
  const made = Object.entries<Declaration>(declarations).map(([key, declared]) => [key, meter(declared, registry)]);
  collectDefaultMetrics({ register: registry });
  return {
    meters: Object.fromEntries(made) as Meters,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

function meter(
  { kind, name, help, labels, most, buckets, together }: Declaration,
  registry: Registry,
): MeterOf[Declaration['kind']] {
  const within = room(most, openLabelOf(labels));
  // The room gives the same list for the same values, so each set becomes an object once.
  const objects = new WeakMap<LabelValues, Record<string, string>>();
  const labelled = (values: LabelValues): Record<string, string> => {
    const kept = within(values);
    const known = objects.get(kept) ?? Object.fromEntries(kept.map((value, at) => [labels[at], value]));
    objects.set(kept, known);
    return known;
  };
  const options = { name, help, labelNames: labels, registers: [registry] };
  switch (kind) {
    case 'counter': {
      const counter = new Counter(options);
      return { add: (values = [], amount = 1) => counter.inc(labelled(values), amount) };
    }
    case 'gauge': {
      const gauge = new Gauge({ ...options, aggregator: together ?? 'sum' });
      return {
        add: (values = [], amount = 1) => gauge.inc(labelled(values), amount),
        set: (value, values = []) => gauge.set(labelled(values), value),
      };
    }
    case 'histogram': {
      const histogram = new Histogram({ ...options, buckets: [...(buckets ?? [])] });
      return { observe: (value, values = []) => histogram.observe(labelled(values), value) };
    }
  }
}
