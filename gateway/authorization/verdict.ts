import type { Condition } from './conditions.ts';
import type { Judged, JudgedField, JudgedFragment } from './judge.ts';

/** A field of an operation as far as one caller may see it. */
export type SeenField = Omit<JudgedField, 'conditions' | 'selections'> & {
  /** Conditions of the field that the caller does not meet; with one or more of them the field is not asked for. */
  readonly lacking: readonly Condition[];
  /** True when the field, or one somewhere below it, is not asked for. */
  readonly touched: boolean;
  readonly selections: readonly Seen[];
};

type SeenFragment = Omit<JudgedFragment, 'selections'> & {
  readonly touched: boolean;
  readonly selections: readonly Seen[];
};

export type Seen = SeenField | SeenFragment;

/** What of the selections is left to a caller who lacks these conditions. */
export const seenWithout = (selections: readonly Judged[], lacking: ReadonlySet<Condition>): readonly Seen[] =>
  selections.map((selection) => (selection.kind === 'field' ? seenField(selection, lacking) : seenFragment(selection, lacking)));

function seenField({ conditions, selections, ...field }: JudgedField, all: ReadonlySet<Condition>): SeenField {
  const lacking = conditions.filter((condition) => all.has(condition));
  if (lacking.length > 0) return { ...field, lacking, touched: true, selections: [] };
  const inner = seenWithout(selections, all);
  return { ...field, lacking, touched: inner.some(({ touched }) => touched), selections: inner };
}

function seenFragment({ selections, ...fragment }: JudgedFragment, all: ReadonlySet<Condition>): SeenFragment {
  const inner = seenWithout(selections, all);
  return { ...fragment, touched: inner.some(({ touched }) => touched), selections: inner };
}

/** Every condition of the selections, each once. */
export function conditionsIn(selections: readonly Judged[]): readonly Condition[] {
  const found = new Set<Condition>();
  const look = (selection: Judged): void => {
    if (selection.kind === 'field') for (const condition of selection.conditions) found.add(condition);
    selection.selections.forEach(look);
  };
  selections.forEach(look);
  return [...found];
}
