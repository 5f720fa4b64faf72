import type { LabelValues } from './room.ts';
import { other, room } from './room.ts';

export type Labels = Readonly<Record<string, string>>;

/** Labels whose values clients can choose, by name. */
const openLabels: ReadonlySet<string> = new Set(['endpoint', 'organization_id', 'dataset_id', 'plan', 'api_key_id']);

/** Place of the label that clients can influence most, where there is one. */
export function openLabelOf(labels: readonly string[]): number | undefined {
  const at = labels.findLastIndex((label) => openLabels.has(label));
  return at < 0 ? undefined : at;
}

type Bounds = {
  readonly labels: readonly string[];
  /** Sets of label values altogether. */
  readonly most: number;
};

/** What one metric keeps for each set of label values, made once, within what it may have. */
export function seriesWithin<Series>(
  { labels, most }: Bounds,
  make: (labels: Labels) => Series,
): (values: LabelValues) => Series {
  const within = room(most, openLabelOf(labels));
  const made = new Map<LabelValues, Series>();
  return (values) => {
    // The room gives the same list for the same values.
    const kept = within(values);
    const known = made.get(kept);
    if (known !== undefined) return known;
    const series = make(Object.fromEntries(labels.map((label, at) => [label, kept[at] ?? other])));
    made.set(kept, series);
    return series;
  };
}
