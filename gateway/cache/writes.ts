import type { FieldNode, SelectionNode } from 'graphql';
import { Kind } from 'graphql';
import type { SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { fillFormats } from './formats.ts';
import { argumentsOf, entityTags } from './policy.ts';
import type { GraphIndex, TypeFacts } from './schema-index.ts';
import { readOperation, responseName } from './selection.ts';
import type { Tag } from './tags.ts';
import { someTag, typeTags } from './tags.ts';

/** What one mutation of a subgraph invalidates. */
export type Written = {
  /** Of an answer: every entity in it, and what its fields declare. */
  readonly by: (request: SubgraphRequest, response: SubgraphResponse) => readonly Tag[];
  /** Where nobody knows what became of it: every type that it could have answered, and what its fields declare. */
  readonly atMost: (request: SubgraphRequest) => readonly Tag[];
};

/** Reads what a mutation invalidates, once per text. */
export function compileWrites(text: string, graph: GraphIndex): Written {
  const selections = readOperation(text)?.selectionSet.selections ?? [];
  const root = graph.typeOf(graph.mutation);
  const roots = selections.filter((node): node is FieldNode => node.kind === Kind.FIELD);
  const declared = ({ variables }: SubgraphRequest): readonly Tag[] =>
    roots.flatMap((node) => {
      const { invalidates = [], formats = [] } = root?.fields.get(node.name.value) ?? {};
      const args = argumentsOf(node, variables);
      return [...invalidates.flatMap(typeTags), ...fillFormats(formats, { args })];
    });
  const types = root === undefined ? new Set<string>() : entityTypes(selections, root, graph);
  return {
    atMost: (request) => [...new Set([...declared(request), ...[...types].flatMap(typeTags)])],
    by: (request, { data }) => [
      ...new Set([...declared(request), ...(root === undefined ? [] : found(data, { type: root, selections }, graph))]),
    ],
  };
}

/** Entities that a selection may bring. */
function entityTypes(selections: readonly SelectionNode[], type: TypeFacts, graph: GraphIndex): ReadonlySet<string> {
  const types = new Set<string>();
  for (const { type: within, selections: inner } of objectsIn(selections, type, graph)) {
    for (const name of within.concrete) if ((graph.typeOf(name)?.keys.length ?? 0) > 0) types.add(name);
    for (const name of entityTypes(inner, within, graph)) types.add(name);
  }
  return types;
}

type Selected = { readonly type: TypeFacts; readonly selections: readonly SelectionNode[] };

type Named = Selected & { readonly name: string };

/** Fields with a selection of their own, whatever fragments stand around them. */
function objectsIn(selections: readonly SelectionNode[], type: TypeFacts, graph: GraphIndex): readonly Named[] {
  return selections.flatMap((node): readonly Named[] => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return [];
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition === undefined ? type : graph.typeOf(node.typeCondition.name.value);
      return condition === undefined ? [] : objectsIn(node.selectionSet.selections, condition, graph);
    }
    const within = graph.typeOf(type.fields.get(node.name.value)?.type ?? '');
    if (within === undefined || node.selectionSet === undefined) return [];
    return [{ name: responseName(node), type: within, selections: node.selectionSet.selections }];
  });
}

/** Tags of all entities in a value. */
function found(value: unknown, { type, selections }: Selected, graph: GraphIndex): readonly Tag[] {
  if (Array.isArray(value)) return value.flatMap((item) => found(item, { type, selections }, graph));
  if (typeof value !== 'object' || value === null) return [];
  const within = objectsIn(selections, type, graph).flatMap(({ name, ...selected }) =>
    found((value as Readonly<Record<string, unknown>>)[name], selected, graph),
  );
  return [...tagsOfObject(value, type, graph), ...within];
}

function tagsOfObject(value: object, type: TypeFacts, graph: GraphIndex): readonly Tag[] {
  const typename = '__typename' in value ? String(value.__typename) : undefined;
  const own = typename === undefined ? type : (graph.typeOf(typename) ?? type);
  // Of an abstract type without a name it may be any; an object may be known elsewhere by its interface.
  const names = typename === undefined ? [...type.concrete] : [own.name, ...own.interfaces];
  return names.flatMap((name) => {
    const facts = graph.typeOf(name);
    return facts === undefined || facts.keys.length === 0 ? [] : entity(facts, value);
  });
}

function entity(type: TypeFacts, value: object): readonly Tag[] {
  const { tags, complete } = entityTags(type, value);
  // Kept under a key that the answer does not tell, it can be reached by its type alone.
  if (!complete) return [...tags, ...typeTags(type.name)];
  return [...tags, someTag(type.name), ...fillFormats(type.formats, { key: value })];
}
