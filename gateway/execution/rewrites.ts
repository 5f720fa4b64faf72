import type { FetchDataRewrite } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import type { OwnTree, Tree } from './tree.ts';
import { isTree, reader, write } from './tree.ts';
import { namesOf } from './type-test.ts';

/** Gives a value with its changes; what does not change is shared with the value it was made of. */
export type Rewrite = (value: unknown) => unknown;

const condition = '... on ';

/** What a plan wants changed of what goes to a subgraph or comes from it; undefined when nothing. */
export function rewriter(rewrites: readonly FetchDataRewrite[] | undefined, schema: GraphQLSchema): Rewrite | undefined {
  if (rewrites === undefined || rewrites.length === 0) return undefined;
  const all = rewrites.map((rewrite) => compile(rewrite, rewrite.path, schema));
  return (value) => all.reduce((changed, rewrite) => rewrite(changed), value);
}

function compile(rewrite: FetchDataRewrite, path: readonly string[], schema: GraphQLSchema): Rewrite {
  const [first, ...rest] = path;
  if (first === undefined) return (value) => value;
  return inLists(rest.length === 0 ? last(rewrite, first) : step(first, compile(rewrite, rest, schema), schema));
}

const inLists = (change: (tree: Tree) => unknown): Rewrite =>
  function inList(value): unknown {
    if (Array.isArray(value)) return value.map(inList);
    return isTree(value) ? change(value) : value;
  };

function step(name: string, change: Rewrite, schema: GraphQLSchema): (tree: Tree) => unknown {
  if (name.startsWith(condition)) {
    const names = namesOf(schema, name.slice(condition.length));
    return (tree) => {
      const { __typename: type } = tree;
      // An object that does not say what it is was asked for as this type.
      return !type || names.has(String(type)) ? change(tree) : tree;
    };
  }
  const read = reader(name);
  return (tree) => {
    const value = read(tree);
    return value === undefined || value === null ? tree : withValue(tree, name, change(value));
  };
}

function last(rewrite: FetchDataRewrite, name: string): (tree: Tree) => unknown {
  if (rewrite.kind === 'ValueSetter') return (tree) => withValue(tree, name, rewrite.setValueTo);
  const { renameKeyTo } = rewrite;
  return (tree) => {
    if (!Object.hasOwn(tree, name)) return tree;
    const { [name]: value, ...others } = tree;
    return withValue(others, renameKeyTo, value);
  };
}

function withValue(tree: Tree, name: string, value: unknown): OwnTree {
  const changed = { ...tree };
  write(changed, name, value);
  return changed;
}
