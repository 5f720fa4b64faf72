import type { ConstDirectiveNode, FieldDefinitionNode, ObjectTypeDefinitionNode } from 'graphql';
import { Kind, parse, TokenKind, valueFromASTUntyped } from 'graphql';
import type { SubgraphSdl } from './compose.ts';

/**
 * What is wrong with what subgraphs say of keeping their answers (schema/directives.graphql), one line each. Everything must be
 * said: what is kept and why, and of every mutation what it makes stale, together with all that holds it in the same subgraph.
 */
export function cacheFaults(subgraphs: readonly SubgraphSdl[]): readonly string[] {
  const read = subgraphs.map(({ name, sdl }) => ({ name, types: objectTypes(sdl) }));
  const all: AllTypes = Map.groupBy(
    read.flatMap(({ types }) => [...types.values()]),
    ({ name }) => name.value,
  );
  return read.flatMap(({ name, types }) =>
    [...types.values()].flatMap((type) => typeFaults(type, { types, all })).map((fault) => `[${name}] ${fault}`),
  );
}

type Types = ReadonlyMap<string, ObjectTypeDefinitionNode>;
/** A type may stand in several subgraphs. */
type AllTypes = ReadonlyMap<string, readonly ObjectTypeDefinitionNode[]>;
type Known = { readonly types: Types; readonly all: AllTypes };

const objectTypes = (sdl: string): Types =>
  new Map(parse(sdl).definitions.flatMap((node) => (node.kind === Kind.OBJECT_TYPE_DEFINITION ? [[node.name.value, node]] : [])));

function typeFaults(type: ObjectTypeDefinitionNode, known: Known): readonly string[] {
  const name = type.name.value;
  const root = { Query: queryFaults, Mutation: mutationFaults }[name];
  const keys = keysOf(known.all.get(name) ?? []);
  return [
    ...[...hintFaults(type), ...tagFaults(type, 'key', keys)].map((fault) => `${name}: ${fault}`),
    ...(type.fields ?? []).flatMap((field) => {
      const given = new Set((field.arguments ?? []).map((argument) => argument.name.value));
      const faults = [...hintFaults(field), ...tagFaults(field, 'args', given), ...(root?.(field, known) ?? [])];
      return faults.map((fault) => `${name}.${field.name.value}: ${fault}`);
    }),
  ];
}

type Annotated = { readonly directives?: readonly ConstDirectiveNode[] };
type Given = Readonly<Record<string, unknown>>;

const given = ({ directives = [] }: Annotated, directive: string): readonly Given[] =>
  directives
    .filter(({ name }) => name.value === directive)
    .map((node) => Object.fromEntries((node.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)])));

const demands = ['authenticated', 'requiresScopes', 'policy'];

function hintFaults(node: Annotated): readonly string[] {
  return given(node, 'cacheControl').flatMap(({ maxAge, scope }) => [
    ...(Number(maxAge) < 0 ? ['maxAge is negative.'] : []),
    ...(scope === 'PUBLIC' && demands.some((name) => given(node, name).length > 0)
      ? ['what not all may see is not PUBLIC.']
      : []),
  ]);
}

function tagFaults(node: Annotated, source: 'key' | 'args', names: ReadonlySet<string>): readonly string[] {
  return given(node, 'cacheTag').flatMap(({ format }) =>
    [...String(format).matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) => {
      const [, from, name = ''] = /^\$(key|args)\.(\w+)$/.exec(inside) ?? [];
      if (from === source && names.has(name)) return [];
      return [`{${inside}} of a tag is no ${source === 'key' ? 'field of a key' : 'argument'} here.`];
    }),
  );
}

const keysOf = (types: readonly ObjectTypeDefinitionNode[]): ReadonlySet<string> =>
  new Set(types.flatMap((type) => given(type, 'key')).flatMap(({ fields }) => String(fields).split(/\s+/)));

function queryFaults(field: FieldDefinitionNode, known: Known): readonly string[] {
  const [hint] = given(field, 'cacheControl');
  if (hint === undefined) return ['does not say how long it may be kept.'];
  return [
    ...(hasReason(field) ? [] : ['says nowhere why it is kept or not, by a comment that begins with "Kept" or "Not kept".']),
    ...(hint['maxAge'] === 0 ? [] : silentBelow(namedType(field), known)),
  ];
}

function hasReason({ loc }: FieldDefinitionNode): boolean {
  for (let token = loc?.startToken; token && token !== loc?.endToken; token = token.next ?? undefined)
    if (token.kind === TokenKind.COMMENT && /^ (Kept|Not kept)\b/.test(token.value)) return true;
  return false;
}

/** An object without a time of its own would keep all around it from being kept, and nobody would see why. */
function silentBelow(root: string, { types, all }: Known): readonly string[] {
  const isSilent = (field: FieldDefinitionNode): boolean => {
    const below = all.get(namedType(field));
    return below !== undefined && ![field, ...below].some((node) => given(node, 'cacheControl').length > 0);
  };
  return [...reachable(root, types)].flatMap((name) =>
    (types.get(name)?.fields ?? [])
      .filter(isSilent)
      .map((field) => `is kept, but ${name}.${field.name.value} in it does not say for how long.`),
  );
}

function mutationFaults(field: FieldDefinitionNode, { types, all }: Known): readonly string[] {
  const [stale] = given(field, 'cacheInvalidate');
  if (stale === undefined) return ['does not say what it makes stale.'];
  const named = new Set(stale['types'] as readonly string[]);
  const held = [...reachable(namedType(field), types)].filter((name) => isKeptEntity(name, all));
  return [
    ...[...named].filter((name) => !all.has(name)).map((name) => `makes ${name} stale, and there is no such type.`),
    ...(named.size === 0 && held.length > 0 ? [`makes nothing stale, and gives ${held.join(', ')}.`] : []),
    ...[...keptUnits(types, all)]
      .filter((unit) => !named.has(unit))
      .flatMap((unit) =>
        [...reachable(unit, types)]
          .filter((name) => named.has(name) && hasMoreThanKeys(types.get(name), all))
          .map((name) => `makes ${name} stale, but not ${unit}, which holds it.`),
      ),
  ];
}

const isKept = (node: Annotated): boolean => given(node, 'cacheControl').some(({ maxAge }) => maxAge !== 0);

const isKeptEntity = (name: string, all: AllTypes): boolean => {
  const types = all.get(name) ?? [];
  return types.some(isKept) && types.some((type) => given(type, 'key').length > 0);
};

/** What a cache keeps as one: the answers of root fields, by their type, and entities. */
const keptUnits = (types: Types, all: AllTypes): ReadonlySet<string> =>
  new Set([
    ...(types.get('Query')?.fields ?? []).filter(isKept).map(namedType),
    ...[...types.values()]
      .filter((type) => given(type, 'key').some(({ resolvable }) => resolvable !== false) && isKeptEntity(type.name.value, all))
      .map(({ name }) => name.value),
  ]);

/** A subgraph that knows but the key of a type holds nothing that could go stale. */
function hasMoreThanKeys(type: ObjectTypeDefinitionNode | undefined, all: AllTypes): boolean {
  const keys = keysOf(all.get(type?.name.value ?? '') ?? []);
  return (type?.fields ?? []).some(({ name }) => !keys.has(name.value));
}

/** A type and all that can be asked for in it without leaving the subgraph. */
function reachable(root: string, types: Types): ReadonlySet<string> {
  const found = new Set(types.has(root) ? [root] : []);
  // A set gives what is added to it while it is walked through, too.
  for (const name of found)
    for (const field of types.get(name)?.fields ?? []) if (types.has(namedType(field))) found.add(namedType(field));
  return found;
}

function namedType({ type }: Pick<FieldDefinitionNode, 'type'>): string {
  let node = type;
  while (node.kind !== Kind.NAMED_TYPE) node = node.type;
  return node.name.value;
}
