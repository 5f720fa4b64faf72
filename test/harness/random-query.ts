import type { GraphQLArgument, GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { getNamedType, isEnumType, isObjectType, isRequiredArgument } from 'graphql';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { chance, pick, upTo } from './random.ts';

/** A variable of a query and the argument it is for, such as `Query.sample.id`. */
type Slot = { readonly name: string; readonly coordinate: string };

export type RandomQuery = { readonly text: string; readonly slots: readonly Slot[] };

type Field = GraphQLField<unknown, unknown>;

type Options = {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  /** Levels of objects below a root field. */
  readonly depth: number;
};

/** Whole numbers stand in the text: at most these. */
const most: Readonly<Record<string, number>> = {
  first: 6,
  limit: 50,
  page: 2,
  perPage: 20,
  depth: 2,
  maxDepth: 5,
  maxHops: 6,
  offset: 3,
};

/** Arguments of which a field wants exactly one. */
const alternatives: Readonly<Record<string, readonly string[]>> = { 'Query.sample': ['id', 'barcode'] };

/**
 * A query with random fields under aliases, in fragments or not, of a schema without interfaces and unions. Enum values and
 * numbers stand in its text; everything else is a slot, so that many callers can ask the same text with values of their own.
 * Objects are called `<field>_<number>` in the answer.
 */
export function randomQuery({ schema, random, depth: levels }: Options): RandomQuery {
  const slots: Slot[] = [];
  const definitions: string[] = [];
  const fragments: string[] = [];
  let names = 0;

  function slot(type: string, coordinate: string): string {
    const name = `v${slots.length}`;
    slots.push({ name, coordinate });
    definitions.push(`$${name}: ${type}`);
    return `$${name}`;
  }

  function value({ name, type }: GraphQLArgument, coordinate: string): string {
    const named = getNamedType(type);
    if (isEnumType(named)) return pick(random, named.getValues()).name;
    if (named.name !== 'Int') return slot(String(type), coordinate);
    return String(1 + upTo(random, (most[name] ?? 2_000) - 1));
  }

  function inputs(parent: string, { name: field, args }: Field): string {
    const coordinate = `${parent}.${field}`;
    const one = alternatives[coordinate];
    const wanted = one === undefined ? undefined : pick(random, one);
    const given = args.filter((argument) =>
      wanted === undefined
        ? isRequiredArgument(argument) || ['first', 'limit'].includes(argument.name) || chance(random, 30)
        : argument.name === wanted,
    );
    if (given.length === 0) return '';
    return `(${given.map((argument) => `${argument.name}: ${value(argument, `${coordinate}.${argument.name}`)}`).join(', ')})`;
  }

  function field(parent: string, wanted: Field, depth: number): string {
    const type = getNamedType(wanted.type);
    if (!isObjectType(type)) return chance(random, 20) ? `a${names++}: ${wanted.name}` : wanted.name;
    return `${wanted.name}_${names++}: ${wanted.name}${inputs(parent, wanted)} ${set(type, depth - 1)}`;
  }

  function set(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields());
    const leaves = fields.filter((one) => !isObject(one) && chance(random, 60));
    const objects = depth > 0 ? fields.filter(isObject) : [];
    const chosen = objects.length === 0 ? [] : Array.from({ length: 1 + upTo(random, 1) }, () => pick(random, objects));
    return `{ __typename ${[...leaves, ...chosen].map((one) => wrapped(type, field(type.name, one, depth))).join(' ')} }`;
  }

  function wrapped({ name: type }: GraphQLObjectType, text: string): string {
    if (chance(random, 10)) return `... on ${type} { ${text} }`;
    if (!chance(random, 10)) return text;
    const fragment = `F${fragments.length}`;
    fragments.push(`fragment ${fragment} on ${type} { ${text} }`);
    return `...${fragment}`;
  }

  const query = schema.getQueryType();
  if (query == null) throw new Error('The schema has no query type.');
  const roots = Object.values(query.getFields()).filter(isObject);
  const chosen = Array.from({ length: 1 + upTo(random, 1) }, () => field(query.name, pick(random, roots), levels));
  const head = definitions.length === 0 ? 'query' : `query (${definitions.join(', ')})`;
  return { text: [`${head} { ${chosen.join(' ')} }`, ...fragments].join('\n'), slots };
}

const isObject = ({ type }: Field): boolean => isObjectType(getNamedType(type));
