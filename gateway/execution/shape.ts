import type {
  FieldNode,
  GraphQLCompositeType,
  GraphQLLeafType,
  GraphQLOutputType,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import {
  getNullableType,
  isAbstractType,
  isCompositeType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Scope } from '#kit/execution/selected-fields.ts';
import { fieldsOf } from '#kit/execution/selected-fields.ts';
import type { Leaf } from './leaf.ts';
import { leafOf } from './leaf.ts';
import { record } from './record.ts';
import type { Slot } from './record-code.ts';
import type { Complete, Shape, Shaping } from './shaping.ts';
import { report } from './shaping.ts';
import { isTree } from './tree.ts';

/** Compiles how the answer of an operation is made of what its fetches brought. */
export function shapeOf(operation: OperationDefinitionNode, scope: Scope): Shape {
  const type = scope.schema.getRootType(operation.operation);
  if (type == null) throw new Error(`The schema has no type for a ${operation.operation}.`);
  return shapeOfType(type, [operation.selectionSet], { scope, depth: 0 });
}

/** Where in the answer: the number of names and indices above. */
type Place = { readonly scope: Scope; readonly depth: number };

function shapeOfType(type: GraphQLCompositeType, sets: readonly SelectionSetNode[], place: Place): Shape {
  return record([...fieldsOf(type, sets, place.scope)].map(([name, nodes]) => slotOf(type, { name, nodes }, place)));
}

type Group = { readonly name: string; readonly nodes: readonly FieldNode[] };

function slotOf(type: GraphQLCompositeType, { name, nodes }: Group, { scope, depth }: Place): Slot {
  const field = nodes[0]?.name.value ?? name;
  if (field === '__typename') return { name, complete: typename(type, { name, depth }) };
  if (field === '__schema' || field === '__type') return { name, complete: (_, { introspected }) => introspected[name] ?? null };
  const definition = isUnionType(type) ? undefined : type.getFields()[field];
  if (definition === undefined) throw new Error(`${type.name} has no field ${field}.`);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const complete = completer(definition.type, sets, { scope, depth: depth + 1, label: `field ${type.name}.${field}` });
  return {
    name,
    leaf: plainOf(definition.type),
    complete: (value, shaping) => {
      shaping.path[depth] = name;
      return complete(value, shaping);
    },
  };
}

/** What may be shown as it is; a list is looked through. */
function plainOf(type: GraphQLOutputType): Leaf | undefined {
  const nullable = getNullableType(type);
  return isLeafType(nullable) ? leafOf(nullable) : undefined;
}

function typename(type: GraphQLCompositeType, { name, depth }: { readonly name: string; readonly depth: number }): Complete {
  if (isObjectType(type)) return () => type.name;
  return (_, shaping) => {
    shaping.path[depth] = name;
    report(shaping, depth + 1, `The type of an object of ${type.name} is not known.`);
    return undefined;
  };
}

type Labelled = Place & { readonly label: string };

function completer(type: GraphQLOutputType, sets: readonly SelectionSetNode[], place: Labelled): Complete {
  if (isNonNullType(type)) return nonNull(completer(type.ofType, sets, place), place);
  if (isListType(type)) {
    const below = { ...place, depth: place.depth + 1, label: `an item of ${place.label}` };
    return list(completer(type.ofType, sets, below), place);
  }
  return isCompositeType(type) ? object(type, sets, place) : leaf(type, place);
}

function nonNull(complete: Complete, { depth, label }: Labelled): Complete {
  return (value, shaping) => {
    const before = shaping.problems.length;
    const shown = complete(value, shaping);
    if (shown !== null) return shown;
    // A null that has its reason already needs no second one.
    if (shaping.problems.length === before) report(shaping, depth, `Cannot return null for non-nullable ${label}.`);
    return undefined;
  };
}

function list(complete: Complete, { depth, label }: Labelled): Complete {
  return (value, shaping) => {
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value)) return invalid(shaping, depth, label);
    const shown: unknown[] = [];
    for (let index = 0; index < value.length; index++) {
      shaping.path[depth] = index;
      const item = complete(value[index], shaping);
      if (item === undefined) return null;
      shown.push(item);
    }
    return shown;
  };
}

function object(
  type: GraphQLCompositeType,
  sets: readonly SelectionSetNode[],
  place: Place & { readonly label: string },
): Complete {
  const { depth, label } = place;
  const shapeFor = shapesOf(type, sets, place);
  return (value, shaping) => {
    if (value === null || value === undefined) return null;
    if (!isTree(value)) return invalid(shaping, depth, label);
    const shape = shapeFor(value['__typename']);
    if (shape === undefined) return invalid(shaping, depth, label);
    return shape(value, shaping) ?? null;
  };
}

/** The shape of objects by the type that they say they are of; of one that says nothing it is the type of its field. */
function shapesOf(type: GraphQLCompositeType, sets: readonly SelectionSetNode[], place: Place) {
  const shapes = new Map<unknown, Shape>();
  const shapeFor = (name: unknown): Shape | undefined => {
    const known = shapes.get(name);
    if (known !== undefined) return known;
    const concrete = possible(type, name, place.scope);
    const shape = concrete && shapeOfType(concrete, sets, place);
    // A subgraph may invent as many names as it likes.
    if (shape !== undefined) shapes.set(name, shape);
    return shape;
  };
  let own: Shape | undefined;
  return (name: unknown): Shape | undefined => {
    if (name !== undefined && name !== type.name) return shapeFor(name);
    own ??= shapeFor(type.name);
    return own;
  };
}

/** The type of a name, where an object of it may stand for this type. */
function possible(type: GraphQLCompositeType, name: unknown, { schema }: Scope): GraphQLCompositeType | undefined {
  if (name === type.name) return type;
  const named = schema.getType(String(name));
  if (!isAbstractType(type) || !isCompositeType(named) || isUnionType(named)) return undefined;
  return schema.isSubType(type, named) ? named : undefined;
}

function leaf(type: GraphQLLeafType, { depth, label }: Labelled): Complete {
  const { allows } = leafOf(type);
  return (value, shaping) => {
    if (value === null || value === undefined) return null;
    return allows(value) ? value : invalid(shaping, depth, label);
  };
}

function invalid(shaping: Shaping, depth: number, label: string): null {
  report(shaping, depth, `Invalid value found for ${label}.`);
  return null;
}
