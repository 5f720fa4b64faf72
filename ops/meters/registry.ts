import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Declaration, MetricName } from '#ops/metrics.ts';
import { declarations } from '#ops/metrics.ts';
import type { Counting } from './counter.ts';
import { counter } from './counter.ts';
import type { Observing } from './histogram.ts';
import { histogram } from './histogram.ts';
import type { LabelValues } from './room.ts';
import { seriesWithin } from './series.ts';

type Gauging = Counting & { readonly set: (value: number, values?: LabelValues) => void };

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

/** Makes every declared metric, and those of Node, in a registry of their own. */
export function meterRegistry(): MeterRegistry {
  const registry = new Registry();
  const made = Object.entries<Declaration>(declarations).map(([key, declared]) => [key, meter(declared, registry)]);
  // The library looks at the event loop every 10 ms, which an idle process pays for; our own delay is measured beside it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  return {
    meters: Object.fromEntries(made) as Meters,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

function meter(declared: Declaration, registry: Registry): MeterOf[Declaration['kind']] {
  switch (declared.kind) {
    case 'counter':
      return counter(declared, registry);
    case 'gauge':
      return gauge(declared, registry);
    case 'histogram':
      return histogram(declared, registry);
  }
}

function gauge({ name, help, labels, most, together }: Declaration, registry: Registry): Gauging {
  const labelsOf = seriesWithin({ labels, most }, (given) => given);
  const made = new Gauge({ name, help, labelNames: [...labels], registers: [registry], aggregator: together ?? 'sum' });
  return {
    add: (values = [], amount = 1) => made.inc(labelsOf(values), amount),
    set: (value, values = []) => made.set(labelsOf(values), value),
  };
}
