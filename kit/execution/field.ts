import type { FieldNode, GraphQLField, GraphQLLeafType, GraphQLObjectType, GraphQLResolveInfo } from 'graphql';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  getArgumentValues,
  getNullableType,
  isLeafType,
  isNonNullType,
  Kind,
  visit,
} from 'graphql';
import { failing, guarded } from './guarded.ts';
import type { Plain } from './object-code.ts';
import type { Complete, Operation, Place, Run, Step } from './run.ts';

type Field = GraphQLField<unknown, unknown>;

type Parts = {
  readonly parent: GraphQLObjectType;
  readonly field: Field;
  /** Name in the answer. */
  readonly name: string;
  /** All selections of this name. */
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  readonly complete: Complete;
  readonly operation: Operation;
};

/** Calls a resolver as graphql-js does, and completes what it gives (GraphQL, sections 6.4.2 to 6.4.4). */
export function fieldStep(parts: Parts): Step {
  const { parent, name, nodes, complete, field } = parts;
  const resolve = resolver(parts);
  const failed = failing({ nodes, nullable: !isNonNullType(field.type) });
  const shown = guarded(complete, failed);
  const step: Step = (source, above, run) => {
    const place: Place = { prev: above, key: name, typename: parent.name };
    let found: unknown;
    try {
      found = resolve(source, place, run);
    } catch (error) {
      return failed(error, place, run);
    }
    return shown(found, place, run);
  };
  return field.resolve === undefined && isLeafType(getNullableType(field.type)) ? plainStep(field, step) : step;
}

/** Most fields of an answer are plain values of their objects: nothing has to be told of them, and nothing waited for. */
function plainStep({ name, type }: Field, otherwise: Step): Step {
  const leaf = getNullableType(type) as GraphQLLeafType;
  return (source, above, run) => {
    if (typeof source !== 'object' || source === null) return otherwise(source, above, run);
    const value = (source as Readonly<Record<string, unknown>>)[name];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return otherwise(source, above, run);
    try {
      return leaf.serialize(value) ?? otherwise(source, above, run);
    } catch {
      return otherwise(source, above, run);
    }
  };
}

const isText = (variable: string): string => `typeof ${variable} === 'string'`;

/** Values that a scalar of the specification shows as they are (GraphQL, section 3.5). */
const asTheyAre: ReadonlyMap<unknown, Plain['code']> = new Map<unknown, Plain['code']>([
  [GraphQLString, isText],
  [GraphQLID, isText],
  [GraphQLBoolean, (variable) => `typeof ${variable} === 'boolean'`],
  [GraphQLInt, (variable) => `(${variable} | 0) === ${variable}`],
  [GraphQLFloat, (variable) => `Number.isFinite(${variable})`],
]);

/** What may be shown without its step, where there is anything. */
export function plainOf({ resolve, name, type }: Field): Plain | undefined {
  const code = resolve === undefined ? asTheyAre.get(getNullableType(type)) : undefined;
  return code && { field: name, code };
}

function resolver({ parent, field, nodes, operation }: Parts): Step {
  const args = argumentsOf(field, nodes[0]);
  const { schema, fragments, operation: definition } = operation;
  const infoAt = (path: Place, { variables: variableValues }: Run): GraphQLResolveInfo => ({
    fieldName: field.name,
    fieldNodes: nodes,
    returnType: field.type,
    parentType: parent,
    path,
    schema,
    fragments,
    rootValue: undefined,
    operation: definition,
    variableValues,
  });
  const { resolve } = field;
  if (resolve !== undefined) return (source, place, run) => resolve(source, args(run), run.context, infoAt(place as Place, run));
  return (source, place, run) => {
    if ((typeof source !== 'object' && typeof source !== 'function') || source === null) return undefined;
    const property = (source as Readonly<Record<string, unknown>>)[field.name];
    if (typeof property !== 'function') return property;
    return property.call(source, args(run), run.context, infoAt(place as Place, run));
  };
}

type Arguments = { [argument: string]: unknown };

/** Values of a field's arguments; coerced once where no variable stands in them. Every resolver gets an object of its own. */
function argumentsOf(field: Field, node: FieldNode): (run: Run) => Arguments {
  if (field.args.length === 0) return () => ({});
  if (hasVariables(node)) return ({ variables }) => getArgumentValues(field, node, variables);
  let known: Arguments | undefined;
  return () => {
    known ??= getArgumentValues(field, node);
    return { ...known };
  };
}

function hasVariables({ arguments: given = [] }: FieldNode): boolean {
  let found = false;
  for (const { value } of given)
    visit(value, {
      [Kind.VARIABLE]() {
        found = true;
      },
    });
  return found;
}
