import type { FetchNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { GraphQLError } from 'graphql';
import type { SubgraphResponse } from '#gateway/request.ts';
import type { Batch } from './batch.ts';
import { batcher } from './batch.ts';
import type { Path } from './entities.ts';
import { finder, pathsOf } from './entities.ts';
import { errorLocator } from './errors.ts';
import type { Places } from './merge.ts';
import { merge, placesAt } from './merge.ts';
import { representation } from './representation.ts';
import { rewriter } from './rewrites.ts';
import type { FetchHandler, Run, Step } from './run.ts';
import type { OwnTree, Tree } from './tree.ts';
import { isTree } from './tree.ts';

export type FetchParts = {
  /** The types of all subgraphs. */
  readonly supergraphSchema: GraphQLSchema;
  readonly handlerOf: (service: string) => FetchHandler;
  readonly places: Places;
};

/** Fetches what belongs to the objects at a path of the answer, and merges it into them. A failure becomes an error of the run. */
export function fetchStep(node: FetchNode, at: readonly string[], parts: FetchParts): Step {
  if (node.contextRewrites !== undefined && node.contextRewrites.length > 0)
    throw new Error('The directive @fromContext is not supported.');
  const find = finder(at);
  const fetch = node.requires === undefined ? plainFetch(node, at, parts) : entityFetch(node, at, parts);
  return async (run) => {
    const targets = find(run.root);
    if (targets.length === 0) return;
    try {
      await fetch(run, targets);
    } catch (error) {
      run.errors.push(
        error instanceof GraphQLError ? error : new GraphQLError(messageOf(error), { originalError: error as Error }),
      );
    }
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Fetches = (run: Run, targets: readonly OwnTree[]) => Promise<void>;

/** Root fields: the same for all targets, of which there is mostly one. */
function plainFetch(node: FetchNode, at: readonly string[], parts: FetchParts): Fetches {
  const ask = asker(node, parts);
  const rewrite = rewriter(node.outputRewrites, parts.supergraphSchema);
  const locate = errorLocator(node, at);
  const places = placesAt(parts.places, at);
  return async (run, targets) => {
    const { data, errors } = await ask(run, usedVariables(node, run));
    if (errors !== undefined) run.errors.push(...locate(errors, run.root, () => targets));
    if (data == null) return;
    const found = (rewrite === undefined ? data : rewrite(data)) as Tree;
    for (const target of targets) merge(target, found, places);
  };
}

/** Fields of entities: each entity is asked for once, also where it stands in several places. */
function entityFetch(node: FetchNode, at: readonly string[], parts: FetchParts): Fetches {
  const ask = asker(node, parts);
  const batch = batcher(representation(node, parts.supergraphSchema));
  const rewrite = rewriter(node.outputRewrites, parts.supergraphSchema);
  const locate = errorLocator(node, at);
  const places = placesAt(parts.places, at);
  const fill = (entity: Tree, targets: readonly OwnTree[]): void => {
    const found = rewrite === undefined ? entity : (rewrite(typed(entity, targets)) as Tree);
    for (const target of targets) merge(target, found, places);
  };
  return async (run, targets) => {
    const asked = batch(targets);
    const { representations } = asked;
    if (representations.length === 0) return;
    run.entities += representations.length;
    const { data, errors } = await ask(run, { ...usedVariables(node, run), representations });
    if (errors !== undefined) run.errors.push(...locate(errors, run.root, (index) => asked.targets[index] ?? []));
    if (data == null) return;
    const entities = entitiesIn(data, representations.length);
    entities.forEach((entity, index) => {
      if (isTree(entity)) fill(entity, asked.targets[index] ?? []);
    });
    if (entities.includes(null)) run.gone.push(...placesOf(asked, entities, { root: run.root, at }));
  };
}

type Place = { readonly root: OwnTree; readonly at: readonly string[] };

/** Where the entities stand that their subgraph does not know. */
function placesOf(asked: Batch, entities: readonly unknown[], { root, at }: Place): readonly Path[] {
  const gone = asked.targets.filter((_, index) => entities[index] === null).flat();
  const paths = pathsOf(root, at);
  return gone.map((target) => paths.get(target) ?? at);
}

function entitiesIn({ _entities: entities }: Tree, asked: number): readonly unknown[] {
  if (Array.isArray(entities) && entities.length === asked) return entities;
  throw new Error(`A subgraph answered ${asked} representations with another number of entities.`);
}

/** The subgraph need not repeat the type of an entity, which stands in what it fills; a rewrite of that type looks for it. */
function typed(entity: Tree, [target]: readonly OwnTree[]): Tree {
  return entity['__typename'] ? entity : { ...entity, __typename: target?.['__typename'] };
}

type Ask = (run: Run, variables: Readonly<Record<string, unknown>>) => Promise<SubgraphResponse>;

function asker({ serviceName, operation: text, operationName, operationKind }: FetchNode, { handlerOf }: FetchParts): Ask {
  const handle = handlerOf(serviceName);
  const kind = operationKind === 'mutation' ? 'mutation' : 'query';
  const named = operationName === undefined ? {} : { operationName };
  return ({ context, writes }, variables) => handle({ context, text, ...named, variables, kind, writes });
}

function usedVariables({ variableUsages = [] }: FetchNode, { variables }: Run): Readonly<Record<string, unknown>> {
  const used: Record<string, unknown> = {};
  for (const name of variableUsages) if (Object.hasOwn(variables, name)) used[name] = variables[name];
  return used;
}
