import type {
  FieldNode,
  GraphQLCompositeType,
  GraphQLLeafType,
  GraphQLOutputType,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { isAbstractType, isCompositeType, isListType, isNonNullType, isObjectType, isUnionType } from 'graphql';
import type { Scope } from '#kit/execution/selected-fields.ts';
import { fieldsOf } from '#kit/execution/selected-fields.ts';
import { leafCheck } from './leaf.ts';
import type { Shape, Slot } from './record.ts';
import { record } from './record.ts';
import type { Complete, Shaping } from './shaping.ts';
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
    complete: (value, shaping) => {
      shaping.path[depth] = name;
      return complete(value, shaping);
    },
  };
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

function object(type: GraphQLCompositeType, sets: readonly SelectionSetNode[], place: Labelled): Complete {
  const { depth, label } = place;
  const shapes = new Map<unknown, Shape | undefined>();
  const shapeFor = (name: unknown): Shape | undefined => {
    if (shapes.has(name)) return shapes.get(name);
    const concrete = possible(type, name, place.scope);
    const shape = concrete && shapeOfType(concrete, sets, place);
    // A subgraph may invent as many names as it likes.
    if (shape !== undefined) shapes.set(name, shape);
    return shape;
  };
  return (value, shaping) => {
    if (value === null || value === undefined) return null;
    if (!isTree(value)) return invalid(shaping, depth, label);
    const { __typename: name = type.name } = value;
    const shape = shapeFor(name);
    if (shape === undefined) return invalid(shaping, depth, label);
    return shape(value, shaping) ?? null;
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
  const check = leafCheck(type);
  return (value, shaping) => {
    if (value === null || value === undefined) return null;
    return check === undefined || check(value) ? value : invalid(shaping, depth, label);
  };
}

function invalid(shaping: Shaping, depth: number, label: string): null {
  report(shaping, depth, `Invalid value found for ${label}.`);
  return null;
}
