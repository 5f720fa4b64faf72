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

export const undeclared: Around = { maxAgeSeconds: 0, scope: 'ORGANIZATION' };

/**
 * Measures what is selected of a type as Apollo Server does: the least age of all fields, where a scalar has that of the
 * object around it, and an object its own or its type's hint, else 0, else with `inheritMaxAge` that of the object around it.
 * Other than with Apollo, a field's `inheritMaxAge` goes before the hint of its type, as the directive's description says, and
 * what is not declared PUBLIC belongs to an organization.
 */
export function measure(graph: GraphIndex, type: TypeFacts, selections: readonly SelectionNode[], around: Around): Measured {
  return selections.map((node) => measureNode(graph, type, node, around)).reduce(narrower, unlimited);
}

const unlimited: Measured = { maxAgeSeconds: Number.POSITIVE_INFINITY, scope: 'PUBLIC', types: new Set() };

const nothing: Measured = { ...undeclared, types: new Set() };

function measureNode(graph: GraphIndex, type: TypeFacts, node: SelectionNode, around: Around): Measured {
  if (node.kind === Kind.FIELD) return measureField(graph, type, node, around);
  if (node.kind === Kind.FRAGMENT_SPREAD) return nothing;
  const { typeCondition } = node;
  const condition = typeCondition === undefined ? type : graph.typeOf(typeCondition.name.value);
  if (condition === undefined) return nothing;
  return measure(graph, condition, node.selectionSet.selections, around);
}

export function measureField(graph: GraphIndex, type: TypeFacts, { name, selectionSet }: FieldNode, around: Around): Measured {
  if (name.value === '__typename') return unlimited;
  const field = type.fields.get(name.value);
  if (field === undefined) return nothing;
  const within = graph.typeOf(field.type);
  const own = within === undefined ? ofLeaf(field, around) : ofObject(field, within.hint, around);
  if (within === undefined || selectionSet === undefined) return { ...own, types: new Set() };
  const inner = measure(graph, within, selectionSet.selections, own);
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
