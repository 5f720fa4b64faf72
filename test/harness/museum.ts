import { createHash } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLField, GraphQLOutputType, GraphQLSchema } from 'graphql';
import {
  execute,
  getNamedType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  parse,
} from 'graphql';
import type { SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@shareable", "@external", "@requires", "@provides", "@interfaceObject", "@override"])`;

/** A supergraph that uses what federation has: keys of every kind, requirements, interfaces, unions, interface objects. */
const sdls: Readonly<Record<string, string>> = {
  collection: `${link}
    scalar JSON
    enum Material { OIL BRONZE MARBLE }
    interface Named { label: String }
    interface Item implements Named @key(fields: "id") { id: ID! label: String curator: Person tags: [String!] extra: JSON }
    type Painting implements Item & Named @key(fields: "id") {
      id: ID! label: String! curator: Person tags: [String!] extra: JSON
      width: Int height: Int! frame: Frame copies: [[Painting]]
    }
    type Statue implements Item & Named @key(fields: "id") @key(fields: "serial") {
      id: ID! serial: String! label: String curator: Person tags: [String!] extra: JSON material: Material pedestal: Shelf
    }
    type Frame implements Named { label: String depth: Float gold: Boolean! maker: Person parts: [Frame!] }
    type Shelf @key(fields: "row column") { row: Int! column: Int! label: String above: Shelf }
    type Person @key(fields: "id") { id: ID! name: String! @external }
    union Thing = Painting | Statue | Person | Frame
    type Query {
      items(first: Int = 3): [Item!]! item(id: ID!): Item thing(n: Int): Thing things: [Thing] grid: [[Item]]
      strict: [[Painting!]!] shown: Painting! guided: [Guided!]
      shelves: [Shelf] named: [Named]
    }
    type Guided { guide: Person @provides(fields: "name") item: Item! }
    type Mutation { touch(n: Int): Item visit(id: ID!): Visit }
    type Visit { person: Person! query: Query seen: [Thing!] }`,
  people: `${link}
    enum Rank { LOW HIGH }
    interface Being { name: String! }
    type Person implements Being @key(fields: "id") {
      id: ID! name: String! @shareable born: Int friends: [Person!] boss: Person rank: Rank shelf: Shelf! salary: Float
      pets: [Being]
    }
    type Pet implements Being { name: String! owner: Person lives: Int! }
    type Shelf @key(fields: "row column", resolvable: false) { row: Int! column: Int! }
    type Query { person(id: ID!): Person people(first: Int = 4): [Person!]! }`,
  shipping: `${link}
    scalar JSON
    type Painting @key(fields: "id") {
      id: ID! width: Int @external height: Int! @external extra: JSON @external frame: Frame @external
      crate: Crate @requires(fields: "width height") boxed: String @requires(fields: "frame { depth gold parts { gold } } extra")
    }
    type Frame @external { depth: Float gold: Boolean! parts: [Frame!] }
    type Statue @key(fields: "serial") { serial: String! crate: Crate! weight: Float }
    type Crate @key(fields: "code") @key(fields: "shelf { row column } code") { code: String! sealed: Boolean shelf: Shelf! next: Crate }
    type Shelf @key(fields: "row column") { row: Int! column: Int! load: Float crates: [Crate!] }
    type Query { crates: [[Crate!]] shelf: Shelf }`,
  ratings: `${link}
    type Item @key(fields: "id") @interfaceObject { id: ID! rating: Int reviews(stars: Int): [Review!] best: Review! }
    type Review { stars: Int! author: Person text: String about: Item crate: Crate }
    type Crate @key(fields: "code", resolvable: false) { code: String! }
    type Person @key(fields: "id") { id: ID! reviews: [Review!]! worst: Review }
    type Query { top(first: Int = 3): [Item!] review: Review! }`,
};

/** Every entity has a number; these are all numbers of a type. */
const numbers: Readonly<Record<string, readonly number[]>> = {
  Painting: [1, 3, 5, 7, 9],
  Statue: [0, 2, 4, 6, 8],
  Item: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  Person: [0, 1, 2, 3, 4, 5],
  Shelf: [0, 1, 2, 3, 4, 5],
  Crate: [0, 1, 2, 3],
};

/** Fields that tell entities apart, by their numbers. */
const keys: Readonly<Record<string, (number: number) => unknown>> = {
  id: (number) => String(number),
  serial: (number) => `s${number}`,
  code: (number) => `k${number}`,
  row: (number) => number % 3,
  column: (number) => Math.floor(number / 3),
};

const fingerprint = (text: string): number => createHash('md5').update(text).digest().readUInt32LE(0);

type Thing = { readonly __typename: string; readonly seed: string; readonly number?: number; readonly given?: Given };
type Given = Readonly<Record<string, unknown>>;

function entity(type: string, number: number, given?: Given): Thing {
  const __typename = type === 'Item' && given === undefined ? 'Item' : type;
  return { __typename, seed: `${type}:${number}`, number, ...(given && { given }) };
}

/** A subgraph in which every value follows from its name: the same field of the same entity is the same everywhere. */
function generated(sdl: string): GraphQLSchema {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl) }]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = (value: { __typename: string }) => value.__typename;
    if (!isObjectType(type) || type.name.startsWith('__') || type.name === '_Service') continue;
    for (const field of Object.values(type.getFields())) field.resolve = resolverOf(field, type.name, schema);
  }
  return schema;
}

type Resolve = (source: Thing | undefined, given: Given) => unknown;

function resolverOf({ name, type, astNode }: GraphQLField<unknown, unknown>, parent: string, schema: GraphQLSchema): Resolve {
  if (name === '_entities')
    return (_, { representations }) => (representations as Given[]).map((given) => reference(schema, given));
  const requires = astNode?.directives?.some((directive) => directive.name.value === 'requires') === true;
  return (source, given) => {
    const key = source?.number === undefined ? undefined : keys[name];
    if (key !== undefined) return key(source?.number ?? 0);
    // A wrong representation makes a wrong value.
    const told = requires ? canonical({ ...source?.given, __typename: '' }) : '';
    return value(type, `${source?.seed ?? parent}.${name}${canonical(given)}${told}`, schema);
  };
}

function canonical(found: unknown): string {
  return JSON.stringify(found, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => left.localeCompare(right)))
      : inner,
  );
}

/** The entity that a representation means; some are gone. */
function reference(schema: GraphQLSchema, given: Given): Thing | null {
  const type = String(given['__typename']);
  const number = (numbers[type] ?? []).find((one) =>
    Object.entries(keys).every(([name, key]) => given[name] === undefined || given[name] === key(one)),
  );
  if (number === undefined) throw new Error(`Nothing is known of ${JSON.stringify(given)}.`);
  if (fingerprint(`${type}:${number} is gone`) % 12 === 0) return null;
  return entity(concrete(schema, type, number), number, given);
}

const concrete = (schema: GraphQLSchema, type: string, number: number): string =>
  type === 'Item' && isAbstractType(schema.getType('Item')) ? (number % 2 === 1 ? 'Painting' : 'Statue') : type;

function value(type: GraphQLOutputType, seed: string, schema: GraphQLSchema): unknown {
  const dice = fingerprint(seed);
  if (isNonNullType(type)) return value(type.ofType, seed, schema) ?? value(type.ofType, `${seed}!`, schema);
  if (dice % 8 === 0) return null;
  if (isListType(type)) return Array.from({ length: dice % 5 }, (_, index) => value(type.ofType, `${seed}.${index}`, schema));
  if (isEnumType(type)) return pick(type.getValues(), dice).value;
  if (isScalarType(type)) return scalar(type.name, dice, seed);
  const named = getNamedType(type);
  const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
  const { name } = pick(possible, dice >> 4);
  const all = numbers[name];
  return all === undefined ? { __typename: name, seed } : entity(name, pick(all, dice >> 8));
}

const pick = <Item>(items: readonly Item[], dice: number): Item => items[Math.abs(dice) % items.length] as Item;

function scalar(name: string, dice: number, seed: string): unknown {
  if (name === 'Int') return dice % 1_000;
  if (name === 'Float') return (dice % 1_000) / 8;
  if (name === 'Boolean') return dice % 2 === 0;
  if (name === 'JSON') return { dice: dice % 10, deep: [{ seed: dice % 3 }] };
  return `${seed.length}-${dice % 1_000}`;
}

type SubgraphQuestion = Pick<SubgraphRequest, 'service' | 'text' | 'variables'>;

type Museum = {
  readonly sdl: string;
  /** By the names of its subgraphs. */
  readonly schemas: ReadonlyMap<string, GraphQLSchema>;
  readonly ask: (asked: SubgraphQuestion) => Promise<SubgraphResponse>;
};

/** Its supergraph, and what its subgraphs answer. */
export function museum(): Museum {
  const services = Object.entries(sdls).map(([name, sdl]) => ({ name, url: `local:${name}`, typeDefs: parse(sdl) }));
  const { errors, supergraphSdl } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error((errors ?? []).map(({ message }) => message).join('\n'));
  const schemas = new Map(Object.entries(sdls).map(([name, sdl]) => [name, generated(sdl)]));
  return {
    sdl: supergraphSdl,
    schemas,
    async ask({ service, text, variables }) {
      const schema = schemas.get(service);
      if (schema === undefined) throw new Error(`There is no subgraph ${service}.`);
      // As it comes out of JSON.
      return JSON.parse(JSON.stringify(await execute({ schema, document: parse(text), variableValues: variables })));
    },
  };
}
