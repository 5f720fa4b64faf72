import type { GraphQLOutputType } from 'graphql';
import { getNamedType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { Condition } from './conditions.ts';
import type { Variables } from './included.ts';
import { isIncluded } from './included.ts';
import type { Seen, SeenField } from './verdict.ts';

/** A field that was not asked for. */
export type Denial = {
  /** Names in the answer from the root to the field; without indices, for it is denied in every item of a list. */
  readonly path: readonly string[];
  readonly lacking: readonly Condition[];
};

/** What the caller is told: one denial for each name in the answer that was denied, those behind `@skip` left out. */
export function denials(seen: readonly Seen[], variables: Variables): readonly Denial[] {
  const found = new Map<string, Denial>();
  const look = (selections: readonly Seen[], above: readonly string[]): void => {
    for (const selection of selections) {
      if (!selection.touched || !isIncluded(selection.node, variables)) continue;
      const path = selection.kind === 'field' ? [...above, selection.name] : above;
      if (selection.kind === 'fragment' || selection.lacking.length === 0) look(selection.selections, path);
      else found.set(path.join('.'), { path, lacking: selection.lacking });
    }
  };
  look(seen, []);
  return [...found.values()];
}

type Data = Readonly<Record<string, unknown>>;

type Shape = {
  readonly variables: Variables;
  /** Name in the data under which the type of an object stands where it decides. */
  readonly typename: string;
};

/**
 * Puts null in the place of every denied field, in the order of the client's operation, and drops what was asked beside
 * it. A null that a type does not allow goes up to the nearest place where it may stand (GraphQL, section 6.4.4).
 */
export function withNulls(seen: readonly Seen[], { data, type, shape }: { data: Data; type: string; shape: Shape }): Data | null {
  // A key may be any alias of the client, `__proto__` too.
  const completed: Record<string, unknown> = Object.create(null);
  for (const [name, fields] of grouped(seen, type, shape)) {
    const value = shown(fields, data[name] ?? null, shape);
    if (value === null && fields.some((field) => isNonNullType(field.type))) return null;
    completed[name] = value;
  }
  return completed;
}

/** Fields by their name in the answer (GraphQL, section 6.3.2). */
function grouped(seen: readonly Seen[], type: string, shape: Shape): ReadonlyMap<string, readonly SeenField[]> {
  const groups = new Map<string, SeenField[]>();
  for (const field of applicable(seen, type, shape)) {
    const group = groups.get(field.name);
    if (group === undefined) groups.set(field.name, [field]);
    else group.push(field);
  }
  return groups;
}

/** The fields that stand in an object of this type. */
const applicable = (seen: readonly Seen[], type: string, shape: Shape): readonly SeenField[] =>
  seen.flatMap((selection) => {
    if (!isIncluded(selection.node, shape.variables)) return [];
    if (selection.kind === 'field') return [selection];
    return selection.types.has(type) ? applicable(selection.selections, type, shape) : [];
  });

function shown(fields: readonly SeenField[], value: unknown, shape: Shape): unknown {
  if (fields.some(({ lacking }) => lacking.length > 0)) return null;
  const [first] = fields;
  if (first === undefined || !fields.some(({ touched }) => touched)) return value;
  const selections = fields.length === 1 ? first.selections : fields.flatMap((field) => field.selections);
  return complete(value, first.type, { selections, shape });
}

function complete(value: unknown, type: GraphQLOutputType, within: { selections: readonly Seen[]; shape: Shape }): unknown {
  if (value == null) return null;
  if (isNonNullType(type)) return complete(value, type.ofType, within);
  if (isListType(type)) {
    const items = (value as readonly unknown[]).map((item) => complete(item, type.ofType, within));
    return isNonNullType(type.ofType) && items.includes(null) ? null : items;
  }
  const data = value as Data;
  const named = getNamedType(type);
  const concrete = isObjectType(named) ? named.name : String(data[within.shape.typename]);
  return withNulls(within.selections, { data, type: concrete, shape: within.shape });
}
