import type { ExecutionResult, GraphQLField, GraphQLOutputType, GraphQLSchema } from 'graphql';
import { buildClientSchema, getIntrospectionQuery, getNamedType, isInterfaceType, isLeafType, isObjectType } from 'graphql';
import { expect } from 'vitest';
import type { Caller } from '#kit/caller.ts';
import type { SubgraphUnderTest } from './subgraph.ts';

type Everything = {
  readonly caller: Caller;
  /** Arguments, as GraphQL writes them, to ask each root field with; a field that is left out is asked without any. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** References to ask each entity with, without `__typename`. */
  readonly entities?: Readonly<Record<string, readonly object[]>>;
  /** How many objects may stand in each other. */
  readonly depth?: number;
};

/**
 * Asks every root query field and every entity type of a subgraph, with every field below. A field or type that cannot be asked
 * with what is given fails the test, so that none is forgotten.
 */
export async function askEverything(subject: SubgraphUnderTest, wanted: Everything): Promise<readonly ExecutionResult[]> {
  const { data } = await subject.askLocally(getIntrospectionQuery());
  const schema = buildClientSchema(data as unknown as Parameters<typeof buildClientSchema>[0]);
  const answers = [...rootQuestions(schema, wanted), ...entityQuestions(schema, wanted)].map(({ text, of }) =>
    subject.askLocally(text, of && { of }, { caller: wanted.caller }),
  );
  expect(answers.length).toBeGreaterThan(2);
  return Promise.all(answers);
}

type Question = { readonly text: string; readonly of?: readonly object[] };

function rootQuestions(schema: GraphQLSchema, { fields = {}, depth = 4 }: Everything): readonly Question[] {
  const roots = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(({ name }) => !name.startsWith('_'));
  expect(roots.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(fields)));
  return roots.flatMap((root) => {
    const given = fields[root.name] ?? [''];
    const needed = root.args.filter(({ type, defaultValue }) => String(type).endsWith('!') && defaultValue === undefined);
    const missing = needed.filter(({ name }) => given.some((args) => !args.includes(`${name}:`)));
    expect([root.name, missing.map(({ name }) => name)]).toEqual([root.name, []]);
    return given.map((args) => ({ text: `{ ${root.name}${args && `(${args})`} ${selection(root.type, depth)} }` }));
  });
}

function entityQuestions(schema: GraphQLSchema, { entities = {}, depth = 4 }: Everything): readonly Question[] {
  const union = schema.getType('_Entity');
  const types = union && 'getTypes' in union ? union.getTypes() : [];
  // A type of which there is but the key is only referred to.
  const names = types.filter((type) => Object.keys(type.getFields()).length > 1).map(({ name }) => name);
  expect(Object.keys(entities).sort()).toEqual([...names].sort());
  return names.map((name) => {
    const references = entities[name] ?? [];
    const type = schema.getType(name);
    // A key is said back as it was said, so it is not asked for.
    const keys = new Set(references.flatMap((reference) => Object.keys(reference)));
    const fields = isObjectType(type) ? Object.values(type.getFields()).filter((field) => !keys.has(field.name)) : [];
    const of = references.map((reference) => ({ __typename: name, ...reference }));
    const text = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${name} { __typename ${all(fields, depth)} } } }`;
    return { text, of };
  });
}

function selection(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const fields = isObjectType(named) || isInterfaceType(named) ? Object.values(named.getFields()) : [];
  return `{ __typename ${all(fields, depth)} }`;
}

/** Leaves at any depth, objects as deep as wanted; what needs an argument below the root is left out. */
const all = (fields: readonly GraphQLField<unknown, unknown>[], depth: number): string =>
  fields
    .filter(({ args }) => !args.some(({ type, defaultValue }) => String(type).endsWith('!') && defaultValue === undefined))
    .filter(({ type }) => depth > 0 || isLeafType(getNamedType(type)))
    .map(({ name, type }) => `${name} ${selection(type, depth - 1)}`)
    .join(' ');
