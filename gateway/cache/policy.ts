import type { FieldNode, OperationDefinitionNode, SelectionNode } from 'graphql';
import { Kind, print, valueFromASTUntyped } from 'graphql';
import type { Scope } from './declarations.ts';
import { digest } from './digest.ts';
import { fillFormats } from './formats.ts';
import type { Measured } from './measure.ts';
import { measure, measureField, narrower, undeclared } from './measure.ts';
import type { GraphIndex, TypeFacts } from './schema-index.ts';
import {
  certainFields,
  definitionsOf,
  isConditional,
  operationText,
  readOperation,
  responseName,
  variablesIn,
} from './selection.ts';
import type { Tag } from './tags.ts';
import { entityTag, keyOf, someTag, subgraphTag, typeTag } from './tags.ts';

type Values = Readonly<Record<string, unknown>>;

/** What is kept as one: a root field, or one entity with the fields that an operation wants of it. */
export type Unit = {
  /** `Query.sample`, or the entity's type. */
  readonly name: string;
  readonly maxAgeSeconds: number;
  readonly scope: Scope;
  /** Digest of what is selected of it. */
  readonly selection: string;
  /** Names of the variables that it depends on. */
  readonly variables: readonly string[];
  /** What invalidates it. @throws TypeError for a representation that is not JSON */
  readonly tagsOf: (asked: { readonly variables: Values; readonly representation?: unknown }) => readonly Tag[];
};

/** How the answers of one subgraph operation are kept. */
export type Policy = RootPolicy | EntityPolicy;

type RootPolicy = {
  readonly kind: 'roots';
  /** In the order of the text, by response name; without a unit it is asked for each time. */
  readonly fields: ReadonlyMap<string, Unit | undefined>;
  /** The text that asks for these fields alone. */
  readonly narrowed: (fields: readonly string[]) => string;
};

type EntityPolicy = {
  readonly kind: 'entities';
  /** By `__typename` of the representation. */
  readonly unitOf: (typename: string) => Unit | undefined;
  /** Response names of the fields that are lost with an entity. */
  readonly fields: readonly string[];
};

/**
 * Reads how the answers of a query may be kept, once per text.
 * Undefined where nothing of it is: such an operation costs nothing more.
 */
export function compilePolicy(text: string, graph: GraphIndex): Policy | undefined {
  const operation = readOperation(text);
  if (operation === undefined || operation.operation !== 'query') return undefined;
  const roots = operation.selectionSet.selections;
  // A root field that may be missing, or that stands there twice, is no unit of its own.
  if (!roots.every(isPlainField)) return undefined;
  const names = roots.map(responseName);
  if (new Set(names).size < names.length) return undefined;
  const [first] = roots;
  if (roots.length === 1 && first?.name.value === '_entities') return entityPolicy(first, { operation, graph });
  return rootPolicy(roots, { operation, graph });
}

const isPlainField = (node: SelectionNode): node is FieldNode => node.kind === Kind.FIELD && !isConditional(node);

type Read = { readonly operation: OperationDefinitionNode; readonly graph: GraphIndex };

function rootPolicy(roots: readonly FieldNode[], read: Read): RootPolicy | undefined {
  const fields = new Map(roots.map((node) => [responseName(node), rootUnit(node, read)]));
  if ([...fields.values()].every((unit) => unit === undefined)) return undefined;
  const texts = new Map<string, string>();
  return {
    kind: 'roots',
    fields,
    narrowed(wanted) {
      const names = new Set(wanted);
      const id = wanted.join(' ');
      const text =
        texts.get(id) ??
        operationText(
          read.operation,
          roots.filter((node) => names.has(responseName(node))),
        );
      // Subsets of many fields are too many to keep all of them.
      if (texts.size < maxTexts) texts.set(id, text);
      return text;
    },
  };
}

const maxTexts = 64;

function rootUnit(node: FieldNode, read: Read): Unit | undefined {
  const { graph } = read;
  const query = graph.typeOf(graph.query);
  const field = query?.fields.get(node.name.value);
  if (query === undefined || field === undefined) return undefined;
  const measured = measureField({ graph, type: query, around: undeclared }, node);
  if (!isKept(measured)) return undefined;
  const types = [...measured.types].map(someTag);
  const { alias: _, ...unnamed } = node;
  return {
    name: `${graph.query}.${node.name.value}`,
    ...kept(measured, [unnamed], read),
    tagsOf: ({ variables }) => [
      subgraphTag(graph.service),
      ...types,
      ...fillFormats(field.formats, { args: argumentsOf(node, variables) }),
    ],
  };
}

const isKept = ({ maxAgeSeconds }: Measured): boolean => maxAgeSeconds > 0 && Number.isFinite(maxAgeSeconds);

/** Arguments as they stand in an operation, with its variables. */
export const argumentsOf = ({ arguments: given = [] }: FieldNode, variables: Values): Values =>
  Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]));

function kept({ maxAgeSeconds, scope }: Measured, selections: readonly SelectionNode[], { operation }: Read) {
  const used = variablesIn(selections);
  const texts = [...definitionsOf(operation, used), ...selections].map((node) => print(node));
  return { maxAgeSeconds, scope, selection: digest(...texts), variables: [...used].sort() };
}

const representations = 'representations';

function entityPolicy(node: FieldNode, read: Read): EntityPolicy | undefined {
  const [argument, ...others] = node.arguments ?? [];
  const isUsual =
    node.alias === undefined &&
    others.length === 0 &&
    argument?.name.value === representations &&
    argument.value.kind === Kind.VARIABLE &&
    argument.value.name.value === representations;
  const selections = node.selectionSet?.selections ?? [];
  // Another use of the representations would have to go into every key.
  if (!isUsual || variablesIn(selections).has(representations)) return undefined;
  const units = new Map<string, Unit | undefined>();
  const unitOf = (typename: string): Unit | undefined => {
    if (!units.has(typename) && read.graph.typeOf(typename) !== undefined)
      units.set(typename, entityUnit(typename, selections, read));
    return units.get(typename);
  };
  const conditions = selections.flatMap((each) => (each.kind === Kind.INLINE_FRAGMENT ? (each.typeCondition ?? []) : []));
  const types = conditions.flatMap(({ name }) => [...(read.graph.typeOf(name.value)?.concrete ?? [])]);
  if (types.every((type) => unitOf(type) === undefined)) return undefined;
  return { kind: 'entities', unitOf, fields: entityFields(selections) };
}

function entityUnit(typename: string, all: readonly SelectionNode[], read: Read): Unit | undefined {
  const { graph } = read;
  const type = graph.typeOf(typename);
  if (type === undefined || type.keys.length === 0) return undefined;
  const selections = all.filter((node) => mayHold(node, typename, graph));
  const measured = measureEntity(type, selections, graph);
  if (!isKept(measured)) return undefined;
  const standing = [typeTag(typename), subgraphTag(graph.service), ...[...measured.types].map(someTag)];
  return {
    name: typename,
    ...kept(measured, selections, read),
    tagsOf: ({ representation }) => [
      ...standing,
      ...entityTags(type, representation).tags,
      ...fillFormats(type.formats, { key: representation }),
    ],
  };
}

/** Whether a selection of `_entities` may bring something of an object of this type. */
function mayHold(node: SelectionNode, typename: string, graph: GraphIndex): boolean {
  if (node.kind !== Kind.INLINE_FRAGMENT || node.typeCondition === undefined) return true;
  const condition = graph.typeOf(node.typeCondition.name.value);
  // `typename` is an interface where the subgraph knows the entity as an interface object only.
  return (
    condition === undefined || condition.concrete.has(typename) || graph.typeOf(typename)?.concrete.has(condition.name) === true
  );
}

/** The type's own hint holds for the entity, as for any object; without one, each field has to have its own. */
function measureEntity(type: TypeFacts, selections: readonly SelectionNode[], graph: GraphIndex): Measured {
  const { maxAgeSeconds, scope = 'ORGANIZATION' } = type.hint;
  if (maxAgeSeconds === undefined) return measure({ graph, type, around: { ...undeclared, scope } }, selections);
  const own = { maxAgeSeconds, scope };
  return narrower({ ...own, types: new Set() }, measure({ graph, type, around: own }, selections));
}

const entityFields = (selections: readonly SelectionNode[]): readonly string[] =>
  [...new Set(certainFields(selections).map(responseName))].filter((name) => name !== '__typename');

/** Tags of an entity by every key of its type that can be told from a value, and whether that was all of them. */
export function entityTags(type: TypeFacts, value: unknown): { readonly tags: readonly Tag[]; readonly complete: boolean } {
  const keys = type.keys.map((key) => keyOf(key, value));
  return {
    tags: keys.flatMap((key) => (key === undefined ? [] : [entityTag(type.name, key)])),
    complete: keys.every((key) => key !== undefined),
  };
}
