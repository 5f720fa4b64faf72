import type { FieldNode, GraphQLAbstractType, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType } from 'graphql';
import { GraphQLError, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { Waiting } from './gathered.ts';
import { gathered } from './gathered.ts';
import { failing, guarded } from './guarded.ts';
import type { Complete, Operation } from './run.ts';
import { isPromise } from './run.ts';

type Parts = {
  readonly operation: Operation;
  readonly nodes: readonly FieldNode[];
  /** Type and name of the field, for messages. */
  readonly coordinate: string;
  /** Completes the fields of an object of a type. */
  readonly objectOf: (type: GraphQLObjectType) => Complete;
};

/** Compiles how values of a type are completed (GraphQL, section 6.4.3). */
export function completer(type: GraphQLOutputType, parts: Parts): Complete {
  if (isNonNullType(type)) return nonNull(completer(type.ofType, parts), parts);
  const complete = ofNullable(type, parts);
  return (value, place, run) => {
    if (value instanceof Error) throw value;
    return value === undefined || value === null ? null : complete(value, place, run);
  };
}

function ofNullable(type: Exclude<GraphQLOutputType, { readonly ofType: never }>, parts: Parts): Complete {
  if (isListType(type)) return list(completer(type.ofType, parts), { ...parts, nullable: !isNonNullType(type.ofType) });
  if (isLeafType(type)) return leaf(type);
  if (isObjectType(type)) return parts.objectOf(type);
  if (isNonNullType(type)) throw new Error('A type is non-null once.');
  return abstract(type, parts);
}

function nonNull(complete: Complete, { coordinate }: Parts): Complete {
  return (value, place, run) => {
    const completed = complete(value, place, run);
    if (completed !== null) return completed;
    throw new Error(`Cannot return null for non-nullable field ${coordinate}.`);
  };
}

function leaf(type: GraphQLLeafType): Complete {
  return (value) => {
    const shown = type.serialize(value);
    if (shown !== undefined && shown !== null) return shown;
    throw new Error(
      `Expected \`${type.name}.serialize(${String(value)})\` to return non-nullable value, returned: ${String(shown)}`,
    );
  };
}

function list(complete: Complete, { nodes, coordinate, nullable }: Parts & { readonly nullable: boolean }): Complete {
  const item = guarded(complete, failing({ nodes, nullable }));
  return (value, prev, run) => {
    if (!isIterable(value)) throw new GraphQLError(`Expected Iterable, but did not find one for field "${coordinate}".`);
    const completed: unknown[] = [];
    const waiting: Waiting<number>[] = [];
    try {
      for (const found of value) {
        const key = completed.length;
        const shown = item(found, { prev, key, typename: undefined }, run);
        completed.push(shown);
        if (isPromise(shown)) waiting.push({ key, value: shown });
      }
    } catch (error) {
      if (waiting.length === 0) throw error;
      // Nobody else hears of those that fail as well.
      return Promise.allSettled(completed).then(() => {
        throw error;
      });
    }
    return waiting.length === 0 ? completed : gathered(completed, waiting, putItem);
  };
}

function putItem(items: unknown[], index: number, item: unknown): void {
  items[index] = item;
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

/** Objects say what they are by `__typename`, or their type's own resolver does. */
function abstract(type: GraphQLAbstractType, { operation, objectOf, nodes, coordinate }: Parts): Complete {
  const { schema, fragments, operation: definition } = operation;
  const resolveType = type.resolveType ?? ((value: unknown) => (value as { readonly __typename?: unknown }).__typename as string);
  const complete = (name: unknown, ...[value, place, run]: Parameters<Complete>): unknown => {
    const concrete = typeof name === 'string' ? schema.getType(name) : undefined;
    if (!isObjectType(concrete) || !schema.isSubType(type, concrete))
      throw new GraphQLError(
        `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${coordinate}".`,
        {
          nodes,
        },
      );
    return objectOf(concrete)(value, place, run);
  };
  return (value, place, run) => {
    const info = { schema, fragments, operation: definition, path: place, variableValues: run.variables };
    const name = resolveType(value, run.context, info as never, type);
    return isPromise(name) ? name.then((found) => complete(found, value, place, run)) : complete(name, value, place, run);
  };
}
