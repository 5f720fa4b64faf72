import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { merge } from './merge.ts';
import { rewriter } from './rewrites.ts';
import type { OwnTree, Tree } from './tree.ts';
import { isTree, reader, writer } from './tree.ts';
import { namesOf } from './type-test.ts';

/** What a subgraph is told of an entity; null when the entity is none of its own, or lacks what it wants to know. */
export type Represent = (entity: Tree) => Tree | null;

/** Builds what a fetch requires of the entities that it is to complete. */
export function representation({ requires = [], inputRewrites }: FetchNode, schema: GraphQLSchema): Represent {
  const extract = extractor(requires, schema);
  const rewrite = rewriter(inputRewrites, schema);
  return (entity) => {
    const extracted = extract(entity);
    if (extracted === null || !extracted['__typename']) return null;
    return rewrite === undefined ? extracted : (rewrite(extracted) as Tree);
  };
}

/** Writes what it finds into `into`; false when something that is required is not there. */
type Extract = (source: Tree, into: OwnTree) => boolean;

function extractor(selections: readonly QueryPlanSelectionNode[], schema: GraphQLSchema): (source: Tree) => OwnTree | null {
  const extracts = selections.map((selection) => extract(selection, schema));
  return (source) => {
    const into: OwnTree = {};
    for (const one of extracts) if (!one(source, into)) return null;
    return into;
  };
}

function extract(selection: QueryPlanSelectionNode, schema: GraphQLSchema): Extract {
  if (selection.kind === 'Field') {
    const name = selection.alias ?? selection.name;
    const [read, put] = [reader(name), writer(name)];
    const shown = selection.selections === undefined ? asItIs : below(extractor(selection.selections, schema));
    return (source, into) => {
      const value = read(source);
      if (value === undefined) return false;
      put(into, shown(value));
      return true;
    };
  }
  const { typeCondition, selections } = selection;
  if (typeCondition === undefined) return () => true;
  const names = namesOf(schema, typeCondition);
  const inside = extractor(selections, schema);
  return (source, into) => {
    const { __typename: type } = source;
    const found = names.has(String(type)) ? inside(source) : null;
    if (found !== null) merge(into, found, undefined);
    return true;
  };
}

const asItIs = (value: unknown): unknown => value;

const below = (inside: (source: Tree) => OwnTree | null) =>
  function shown(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(shown);
    return isTree(value) ? inside(value) : null;
  };
