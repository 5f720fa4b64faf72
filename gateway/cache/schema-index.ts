import { createHash } from 'node:crypto';
import type { ConstDirectiveNode, DefinitionNode, DocumentNode, FieldDefinitionNode, SelectionSetNode, TypeNode } from 'graphql';
import { Kind, parse, print, valueFromASTUntyped, visit } from 'graphql';
import type { Declarations, Hint } from './declarations.ts';
import { declarations } from './declarations.ts';
import type { Format } from './formats.ts';

export type FieldFacts = {
  /** Name of the type within lists and `!`. */
  readonly type: string;
  readonly hint: Hint;
  readonly formats: readonly Format[];
  readonly invalidates: readonly string[];
};

/** An object, interface or union. Made of maps: a field may be called `constructor`. */
export type TypeFacts = {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldFacts>;
  readonly hint: Hint;
  readonly formats: readonly Format[];
  /** Field sets of `@key`; none where the type is no entity. */
  readonly keys: readonly SelectionSetNode[];
  /** Names of the objects that a value of the type may be, its own name included. */
  readonly concrete: ReadonlySet<string>;
  /** Names of the interfaces that an object of the type is, too. */
  readonly interfaces: readonly string[];
};

/** What one subgraph's operations are measured by. */
export type GraphIndex = {
  readonly service: string;
  readonly query: string;
  readonly mutation: string;
  /** Undefined for scalars, enums and what is not in the supergraph. */
  readonly typeOf: (name: string) => TypeFacts | undefined;
};

export type CacheIndex = {
  /** Another one for every supergraph whose answers may be other ones; addresses of subgraphs and descriptions do not count. */
  readonly epoch: string;
  readonly graphOf: (service: string) => GraphIndex;
};

/** Reads what a supergraph says about keeping answers. @throws Error for a link that cannot be read */
export function cacheIndex(sdl: string): CacheIndex {
  const document = parse(sdl, { noLocation: true });
  const declared = declarations(document);
  const graphs = graphNames(document);
  const roots = rootsOf(document);
  return {
    epoch: epochOf(document),
    graphOf(service) {
      const known = new Map<string, TypeFacts | undefined>();
      const read = typeReader(document, declared, graphs.get(service) ?? '');
      return {
        service,
        ...roots,
        typeOf(name) {
          if (!known.has(name)) known.set(name, read(name));
          return known.get(name);
        },
      };
    },
  };
}

function epochOf(document: DocumentNode): string {
  const bare = visit(document, {
    enter: (node) => ('description' in node && node.description !== undefined ? { ...node, description: undefined } : undefined),
    EnumTypeDefinition: (node) =>
      node.name.value === 'join__Graph' ? { ...node, values: node.values?.map(nameless) } : undefined,
  });
  return createHash('sha256').update(print(bare)).digest('base64url').slice(0, 16);
}

/** Without `@join__graph(name:, url:)`. */
const nameless = <Node extends object>(node: Node): Node => ({ ...node, directives: [] });

/** Values of `join__Graph` by the names of the subgraphs. */
function graphNames({ definitions }: DocumentNode): ReadonlyMap<string, string> {
  const values = definitions.flatMap((node) =>
    node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph' ? (node.values ?? []) : [],
  );
  return new Map(values.map(({ name, directives }) => [String(given(directives, 'join__graph')[0]?.['name']), name.value]));
}

function rootsOf({ definitions }: DocumentNode): Pick<GraphIndex, 'query' | 'mutation'> {
  const named = definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.operationTypes ?? []) : [],
  );
  const nameOf = (wanted: string): string | undefined => named.find(({ operation }) => operation === wanted)?.type.name.value;
  return { query: nameOf('query') ?? 'Query', mutation: nameOf('mutation') ?? 'Mutation' };
}

type Composite = Extract<
  DefinitionNode,
  { readonly kind: 'ObjectTypeDefinition' | 'InterfaceTypeDefinition' | 'UnionTypeDefinition' }
>;

const isComposite = (node: DefinitionNode): node is Composite =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION ||
  node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
  node.kind === Kind.UNION_TYPE_DEFINITION;

function typeReader(document: DocumentNode, declared: Declarations, graph: string): (name: string) => TypeFacts | undefined {
  const types = new Map(document.definitions.filter(isComposite).map((node) => [node.name.value, node]));
  const concrete = concreteTypes([...types.values()]);
  const field = (node: FieldDefinitionNode): FieldFacts => ({
    type: named(node.type),
    hint: declared.hintOf(node, graph),
    formats: declared.formatsOf(node, graph),
    invalidates: declared.invalidatedBy(node, graph),
  });
  return (name) => {
    const node = types.get(name);
    if (node === undefined) return undefined;
    const fields = node.kind === Kind.UNION_TYPE_DEFINITION ? [] : (node.fields ?? []);
    return {
      name,
      fields: new Map(fields.map((each) => [each.name.value, field(each)])),
      hint: declared.hintOf(node, graph),
      formats: declared.formatsOf(node, graph),
      keys: keysOf(node),
      concrete: new Set([name, ...(concrete.get(name) ?? [])]),
      interfaces: node.kind === Kind.UNION_TYPE_DEFINITION ? [] : (node.interfaces ?? []).map((each) => each.name.value),
    };
  };
}

function concreteTypes(types: readonly Composite[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (abstract: string, name: string): void => void found.set(abstract, [...(found.get(abstract) ?? []), name]);
  for (const node of types) {
    if (node.kind === Kind.UNION_TYPE_DEFINITION) for (const member of node.types ?? []) add(node.name.value, member.name.value);
    else for (const { name } of node.interfaces ?? []) add(name.value, node.name.value);
  }
  return found;
}

/** Every key of every subgraph, each once. */
function keysOf({ directives }: Composite): readonly SelectionSetNode[] {
  const texts = given(directives, 'join__type').flatMap(({ key }) => (typeof key === 'string' ? [key] : []));
  return [...new Set(texts)].flatMap((text) => {
    const [operation] = parse(`{ ${text} }`, { noLocation: true }).definitions;
    return operation?.kind === Kind.OPERATION_DEFINITION ? [operation.selectionSet] : [];
  });
}

const given = (directives: readonly ConstDirectiveNode[] = [], name: string): readonly Readonly<Record<string, unknown>>[] =>
  directives
    .filter((node) => node.name.value === name)
    .map(({ arguments: values = [] }) =>
      Object.fromEntries(values.map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)])),
    );

const named = (node: TypeNode): string => (node.kind === Kind.NAMED_TYPE ? node.name.value : named(node.type));
