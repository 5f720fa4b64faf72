import type { FieldNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';
import { LRUCache } from 'lru-cache';

type Path = readonly (string | number)[];

/**
 * What is lost when a whole subgraph call fails: the path of every field it was to bring. For `_entities` that is each
 * asked field of each entity; the gateway turns `_entities, 3` into the entity's own path.
 */
export function lostPaths(): (text: string, variables: Readonly<Record<string, unknown>>) => readonly Path[] {
  const wanted = new LRUCache<string, { readonly entities: boolean; readonly fields: readonly string[] }>({ max: 1_000 });
  return (text, variables) => {
    const known = wanted.get(text) ?? wantedBy(text);
    wanted.set(text, known);
    if (!known.entities) return known.fields.map((field) => [field]);
    const { representations } = variables;
    const count = Array.isArray(representations) ? representations.length : 0;
    return Array.from({ length: count }, (_, index) => known.fields.map((field) => ['_entities', index, field])).flat();
  };
}

/** Whether an operation asks for entities, and the response names of the fields it brings. */
export function wantedBy(text: string): { readonly entities: boolean; readonly fields: readonly string[] } {
  const document = parse(text, { noLocation: true });
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return { entities: false, fields: [] };
  const fieldsOf = (set: SelectionSetNode): readonly FieldNode[] =>
    set.selections.flatMap((node) => {
      if (node.kind === Kind.FIELD) return [node];
      const inner = node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value);
      return inner === undefined ? [] : fieldsOf(inner);
    });
  const roots = fieldsOf(operation.selectionSet);
  const entities = roots.find(({ name }) => name.value === '_entities');
  const fields = entities?.selectionSet === undefined ? roots : fieldsOf(entities.selectionSet);
  return {
    entities: entities !== undefined,
    fields: [...new Set(fields.map(responseName).filter((name) => name !== '__typename'))],
  };
}

const responseName = ({ alias, name }: FieldNode): string => (alias ?? name).value;
