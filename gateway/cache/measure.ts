import type { FieldNode, SelectionNode } from 'graphql';
import { Kind } from 'graphql';
import type { Hint, Scope } from './declarations.ts';
import type { FieldFacts, GraphIndex, TypeFacts } from './schema-index.ts';

/** For how long and for whom a selection may be kept. */
export type Measured = {
  /** Infinite where nothing was selected that could change. */
  readonly maxAgeSeconds: number;
  readonly scope: Scope;
  /** Objects, interfaces and unions that may be in it. */
  readonly types: ReadonlySet<string>;
};

/** What fields without a hint of their own get from the object around them. */
type Around = Pick<Measured, 'maxAgeSeconds' | 'scope'>;

/** Where selections stand. */
type Place = {
  readonly graph: GraphIndex;
  /** What is selected of. */
  readonly type: TypeFacts;
  readonly around: Around;
};

export const undeclared: Around = { maxAgeSeconds: 0, scope: 'ORGANIZATION' };

/**
 * Measures what is selected of a type as Apollo Server does: the least age of all fields, where a scalar has that of the
 * object around it, and an object its own or its type's hint, else 0, else with `inheritMaxAge` that of the object around it.
 * Other than with Apollo, a field's `inheritMaxAge` goes before the hint of its type, as the directive's description says, and
 * what is not declared PUBLIC belongs to an organization.
 */
export function measure(place: Place, selections: readonly SelectionNode[]): Measured {
  return selections.map((node) => measureNode(place, node)).reduce(narrower, unlimited);
}

const unlimited: Measured = { maxAgeSeconds: Number.POSITIVE_INFINITY, scope: 'PUBLIC', types: new Set() };

const nothing: Measured = { ...undeclared, types: new Set() };

function measureNode(place: Place, node: SelectionNode): Measured {
  if (node.kind === Kind.FIELD) return measureField(place, node);
  if (node.kind === Kind.FRAGMENT_SPREAD) return nothing;
  const { typeCondition } = node;
  const type = typeCondition === undefined ? place.type : place.graph.typeOf(typeCondition.name.value);
  return type === undefined ? nothing : measure({ ...place, type }, node.selectionSet.selections);
}

export function measureField({ graph, type, around }: Place, { name, selectionSet }: FieldNode): Measured {
  if (name.value === '__typename') return unlimited;
  const field = type.fields.get(name.value);
  if (field === undefined) return nothing;
  const within = graph.typeOf(field.type);
  const own = within === undefined ? ofLeaf(field, around) : ofObject(field, within.hint, around);
  if (within === undefined || selectionSet === undefined) return { ...own, types: new Set() };
  const inner = measure({ graph, type: within, around: own }, selectionSet.selections);
  return narrower({ ...own, types: within.concrete }, inner);
}

const ofLeaf = ({ hint }: FieldFacts, around: Around): Around => ({
  maxAgeSeconds: hint.maxAgeSeconds ?? around.maxAgeSeconds,
  scope: hint.scope ?? around.scope,
});

function ofObject({ hint }: FieldFacts, typeHint: Hint, around: Around): Around {
  const inherited = hint.inherits || typeHint.inherits ? around : undeclared;
  const ofType = hint.inherits ? undefined : typeHint.maxAgeSeconds;
  const scopes = [hint.scope, typeHint.scope];
  return {
    maxAgeSeconds: hint.maxAgeSeconds ?? ofType ?? inherited.maxAgeSeconds,
    scope: scopes.includes('PRIVATE') ? 'PRIVATE' : (hint.scope ?? typeHint.scope ?? inherited.scope),
  };
}

const breadth: Readonly<Record<Scope, number>> = { PRIVATE: 0, ORGANIZATION: 1, PUBLIC: 2 };

/** What holds for an answer that is made of both. */
export const narrower = (one: Measured, other: Measured): Measured => ({
  maxAgeSeconds: Math.min(one.maxAgeSeconds, other.maxAgeSeconds),
  scope: breadth[one.scope] < breadth[other.scope] ? one.scope : other.scope,
  types: one.types.union(other.types),
});
