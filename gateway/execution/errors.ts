import type { FetchNode } from '@apollo/query-planner';
import { GraphQLError } from 'graphql';
import type { SubgraphError } from '#gateway/request.ts';
import { stackless } from '#kit/stackless.ts';
import type { Path } from './entities.ts';
import { pathsOf } from './entities.ts';
import type { OwnTree } from './tree.ts';

type Targets = (index: number) => readonly OwnTree[];

type Locate = (errors: readonly SubgraphError[], root: OwnTree, targetsOf: Targets) => readonly GraphQLError[];

/** Puts errors of a subgraph into every place of the answer that they are about. */
export function errorLocator(node: FetchNode, at: readonly string[]): Locate {
  const names = clientNames(node);
  return (errors, root, targetsOf) => {
    const paths = pathsOf(root, at);
    return errors.flatMap((error) => {
      const { path } = error;
      if (path === undefined) return located(error, node, undefined);
      const ofEntity = node.requires !== undefined && typeof path[1] === 'number';
      const rest = (ofEntity ? path.slice(2) : path).map((name) => names.get(name) ?? name);
      const targets = ofEntity || node.requires === undefined ? targetsOf(Number(path[1])) : [];
      if (targets.length === 0) return located(error, node, rest);
      return targets.map((target) => located(error, node, [...(paths.get(target) ?? at), ...rest]));
    });
  };
}

/** Names in the answer by the aliases that the planner asked under. */
const clientNames = ({ outputRewrites = [] }: FetchNode): ReadonlyMap<string | number, string> =>
  new Map(
    outputRewrites.flatMap((rewrite) =>
      rewrite.kind === 'KeyRenamer' ? [[rewrite.path.at(-1) ?? '', rewrite.renameKeyTo] as const] : [],
    ),
  );

function located({ message, extensions }: SubgraphError, { serviceName }: FetchNode, path: Path | undefined): GraphQLError {
  const options = { ...(path !== undefined && { path }), extensions: { ...extensions, serviceName } };
  return stackless(() => new GraphQLError(message || `The subgraph ${serviceName} failed.`, options));
}
