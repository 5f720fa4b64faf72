/** Values of labels, in the order that the metric declares them. */
export type LabelValues = readonly string[];

/** What stands in place of a value that found no room. */
export const other = 'other';

/**
 * Bounds the sets of label values that one metric ever has: the first ones get a series of their own. A set that finds no
 * room loses its value at `open`, the label that clients can influence most, and in the end all of them.
 * @param most sets altogether, of which a third is kept for those that lost a value
 */
export function room(most: number, open?: number): (values: LabelValues) => LabelValues {
  const taken = new Map<string, LabelValues>();
  const take = (values: LabelValues, limit: number): LabelValues | undefined => {
    const key = values.join('\n');
    const known = taken.get(key);
    if (known !== undefined || taken.size >= limit) return known;
    taken.set(key, values);
    return values;
  };
  const named = open === undefined ? most - 1 : Math.floor((most * 2) / 3);
  return (values) =>
    take(values, named) ??
    (open === undefined ? undefined : take(values.with(open, other), most - 1)) ??
    take(
      values.map(() => other),
      most,
    ) ??
    values.map(() => other);
}
