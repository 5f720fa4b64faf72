import type { DocumentNode, FieldNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';
import { GraphQLIncludeDirective, GraphQLSkipDirective, getDirectiveValues, Kind, parse } from 'graphql';
import type { Admission } from '#gateway/request.ts';
import type { FieldUse } from './account.ts';

const rootTypes = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

type Used = { readonly coordinate: string; readonly conditions: readonly Conditional[] };
type Conditional = Pick<SelectionNode, 'directives'>;

/**
 * Counts how often an operation uses each root field: three aliases are three uses, what @skip or @include leaves out is
 * none. The fields are found once per operation, the counts are of the request.
 */
export function fieldUses(sdl: string) {
  const declared = declaredLimits(sdl);
  const known = new WeakMap<OperationDefinitionNode, (variables: Variables) => readonly FieldUse[]>();
  const counted = (fields: readonly Used[]): readonly FieldUse[] => {
    const counts = new Map<string, number>();
    for (const { coordinate } of fields) counts.set(coordinate, (counts.get(coordinate) ?? 0) + 1);
    return [...counts].map(([coordinate, uses]) => ({ coordinate, uses, ...declared.get(coordinate) }));
  };
  const counter = (fields: readonly Used[]): ((variables: Variables) => readonly FieldUse[]) => {
    if (fields.some(({ conditions }) => conditions.length > 0))
      return (variables) => counted(fields.filter(({ conditions }) => conditions.every((node) => isIncluded(node, variables))));
    const always = counted(fields);
    return () => always;
  };
  return ({ document, operation, variables }: Pick<Admission, 'document' | 'operation' | 'variables'>): readonly FieldUse[] => {
    const count = known.get(operation) ?? counter(rootFields(document, operation));
    known.set(operation, count);
    return count(variables);
  };
}

type Variables = Admission['variables'];

function rootFields(document: DocumentNode, operation: OperationDefinitionNode): readonly Used[] {
  const fragments = new Map<string, SelectionSetNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node.selectionSet);
  const inside = (set: SelectionSetNode | undefined, conditions: readonly Conditional[]): readonly Used[] =>
    set?.selections.flatMap((node) => {
      const all = node.directives?.length ? [...conditions, node] : conditions;
      if (node.kind === Kind.FIELD) return [use(node, all)];
      return inside(node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value), all);
    }) ?? [];
  const use = ({ name }: FieldNode, conditions: readonly Conditional[]): Used => ({
    coordinate: `${rootTypes[operation.operation]}.${name.value}`,
    conditions,
  });
  return inside(operation.selectionSet, []);
}

/** A variable that is missing is refused elsewhere; here it leaves the field in. */
function isIncluded(node: Conditional, variables: Admission['variables']): boolean {
  try {
    const skipped = getDirectiveValues(GraphQLSkipDirective, node, { ...variables })?.['if'] === true;
    return !skipped && getDirectiveValues(GraphQLIncludeDirective, node, { ...variables })?.['if'] !== false;
  } catch {
    return true;
  }
}

type Limit = { readonly limit: number; readonly windowSeconds: number };

/** `@rateLimit(limit: Int!, window: Int!)` on root fields of the supergraph; the window is in seconds. */
function declaredLimits(sdl: string): ReadonlyMap<string, Limit> {
  const limits = new Map<string, Limit>();
  for (const type of parse(sdl, { noLocation: true }).definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const field of type.fields ?? []) {
      const directive = field.directives?.find(({ name }) => /^(\w+__)?rateLimit$/.test(name.value));
      const given = new Map(directive?.arguments?.map(({ name, value }) => [name.value, value]));
      const [limit, window] = [given.get('limit'), given.get('window')];
      if (limit?.kind === Kind.INT && window?.kind === Kind.INT)
        limits.set(`${type.name.value}.${field.name.value}`, {
          limit: Number(limit.value),
          windowSeconds: Number(window.value),
        });
    }
  }
  return limits;
}
