import { AggregatorRegistry } from 'prom-client';
import { declarations } from '#ops/metrics.ts';
import type { LabelValues } from './room.ts';
import { room } from './room.ts';
import { openLabelOf } from './series.ts';

type Sample = { readonly labels: Readonly<Record<string, string | number>>; readonly value: number };

/** One metric of one process, as prom-client hands it on; histograms count, too. */
type Family = { readonly name: string; readonly type: string; readonly values: readonly Sample[] };

/** Every metric of one process at one moment. */
export type Snapshot = readonly Family[];

/**
 * The metrics of several processes as those of one: counters and histograms are added up, gauges as they are declared.
 * Those of a process that ended go on to count, so that nothing that was told ever shrinks, and of one that does not answer
 * the last ones count. All together have no more series than one process may have.
 */
export function mergedMetrics() {
  const last = new Map<number, Snapshot>();
  const within = seriesBounds();
  const gone = new Set<number>();
  let ended: Snapshot = [];
  const inTurn = oneByOne();
  return {
    /** Prometheus text format. */
    text: (fresh: ReadonlyMap<number, Snapshot>): Promise<string> =>
      inTurn(async () => {
        for (const [process, snapshot] of fresh) if (!gone.has(process)) last.set(process, snapshot.map(within));
        return sumOf([...last.values(), ended]).metrics();
      }),
    /** What this process told last counts on, but for its gauges. */
    ended: (process: number): Promise<void> =>
      inTurn(async () => {
        const counted = (last.get(process) ?? []).filter(({ type }) => type === 'counter' || type === 'histogram');
        gone.add(process);
        last.delete(process);
        ended = (await sumOf([counted, ended]).getMetricsAsJSON()) as unknown as Snapshot;
      }),
  };
}

const sumOf = (snapshots: readonly Snapshot[]) => AggregatorRegistry.aggregate(snapshots.map((each) => [...each]));

/** Runs one after another what is asked for at once. */
function oneByOne() {
  let last: Promise<unknown> = Promise.resolve();
  return <Value>(run: () => Promise<Value>): Promise<Value> => {
    const next = last.then(run);
    last = next.catch(() => undefined);
    return next;
  };
}

/** Each process gives its first label values a series; here the first ones of all get one. */
function seriesBounds(): (family: Family) => Family {
  const bounds = new Map(
    Object.values(declarations).map(({ name, labels, most }) => [
      name as string,
      { labels, keep: room(most, openLabelOf(labels)) },
    ]),
  );
  return (family) => {
    const bound = bounds.get(family.name);
    if (bound === undefined || bound.labels.length === 0) return family;
    return { ...family, values: family.values.map((sample) => bounded(sample, bound)) };
  };
}

type Bound = { readonly labels: readonly string[]; readonly keep: (values: LabelValues) => LabelValues };

function bounded(sample: Sample, { labels, keep }: Bound): Sample {
  const values = keep(labels.map((label) => String(sample.labels[label] ?? '')));
  return { ...sample, labels: { ...sample.labels, ...Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ''])) } };
}
