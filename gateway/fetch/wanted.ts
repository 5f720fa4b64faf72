import type { DirectiveNode, FieldNode, SelectionNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { SubgraphError, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';

/** What one subgraph operation is to bring. */
export type Wanted = {
  /** True when it asks for `_entities`. */
  readonly entities: boolean;
  /** Response names of the root fields, or of the fields of each entity; those behind @skip or @include are left out. */
  readonly fields: readonly string[];
};

/** Reads what an operation wants, once per text. */
export function wantedFields(): (text: string) => Wanted {
  const known = new LRUCache<string, Wanted>({ max: 2_000 });
  return (text) => {
    const kept = known.get(text);
    if (kept !== undefined) return kept;
    const wanted = read(text);
    known.set(text, wanted);
    return wanted;
  };
}

function read(text: string): Wanted {
  const { definitions } = parse(text, { noLocation: true });
  const fragments = new Map(
    definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet]] : [])),
  );
  const operation = definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const fieldsOf = (set: SelectionSetNode | undefined): readonly FieldNode[] =>
    set?.selections.filter(isUnconditional).flatMap(inside) ?? [];
  const inside = (node: SelectionNode): readonly FieldNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    return fieldsOf(node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value));
  };
  const roots = fieldsOf(operation?.selectionSet);
  const entities = roots.find(({ name }) => name.value === '_entities');
  const fields = entities === undefined ? roots : fieldsOf(entities.selectionSet);
  return {
    entities: entities !== undefined,
    fields: [...new Set(fields.map(responseName))].filter((name) => name !== '__typename'),
  };
}

const isUnconditional = ({ directives = [] }: { readonly directives?: readonly DirectiveNode[] }): boolean =>
  !directives.some(({ name }) => name.value === 'skip' || name.value === 'include');

const responseName = ({ alias, name }: FieldNode): string => (alias ?? name).value;

type Path = NonNullable<SubgraphError['path']>;

/**
 * What is lost when a whole call fails: the path of every field it was to bring. For `_entities` that is each field of
 * each entity; Apollo's executor turns `_entities, 3` into the entity's own path.
 */
export function lostPaths({ entities, fields }: Wanted, { variables }: SubgraphRequest): readonly Path[] {
  if (!entities) return fields.map((field) => [field]);
  return Array.from({ length: countEntities(variables) }, (_, index) =>
    fields.map((field) => ['_entities', index, field]),
  ).flat();
}

/**
 * A subgraph that refuses all entities at once, as its permissions may, says so at `_entities`, a path that no client
 * knows: the same error for each path that was lost.
 */
export function spreadOverLost(wanted: Wanted, response: SubgraphResponse, request: SubgraphRequest): SubgraphResponse {
  const { data, errors } = response;
  if (!wanted.entities || !errors?.some(isAboutAll)) return response;
  const spread = errors.flatMap((error) =>
    isAboutAll(error) ? lostPaths(wanted, request).map((path) => ({ ...error, path })) : [error],
  );
  return { ...(data !== undefined && { data }), errors: spread };
}

const isAboutAll = ({ path }: SubgraphError): boolean => path?.length === 1 && path[0] === '_entities';

/**
 * False when an answer without errors leaves something out, which would be shown as null without a reason, or when what it
 * calls entities is anything else.
 */
export function isComplete(
  { entities, fields }: Wanted,
  { data, errors }: SubgraphResponse,
  { variables }: SubgraphRequest,
): boolean {
  const found = entities ? data?.['_entities'] : undefined;
  if (Array.isArray(found) && !found.every(isEntity)) return false;
  if (errors !== undefined && errors.length > 0) return true;
  if (data == null) return false;
  if (!entities) return fields.every((field) => Object.hasOwn(data, field));
  return Array.isArray(found) && found.length === countEntities(variables);
}

const isEntity = (found: unknown): boolean => typeof found === 'object' && !Array.isArray(found);

const countEntities = ({ representations }: SubgraphRequest['variables']): number =>
  Array.isArray(representations) ? representations.length : 0;
