import { buildSubgraphSchema } from '@apollo/subgraph';
import fc from 'fast-check';
import type { GraphQLNamedType, GraphQLObjectType } from 'graphql';
import {
  buildSchema,
  execute,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  Kind,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { expect, test } from 'vitest';
import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { administrator } from '#test/harness/callers.ts';
import { api, data, holder, sdls, startArchive } from './archive.ts';

const schema = buildSchema(api);
const subgraphSchemas = new Map(
  Object.entries(sdls).map(([name, sdl]) => [name, buildSubgraphSchema([{ typeDefs: parse(sdl) }])]),
);

const scope =
  (...alternatives: readonly (readonly string[])[]) =>
  ({ scopes }: Caller): boolean =>
    alternatives.some((all) => all.every((name) => scopes.includes(name)));
const known = ({ kind }: Caller): boolean => kind !== 'anonymous';

/** What the SDL of the archive demands, written down a second time. */
const rules: Readonly<Record<string, (caller: Caller) => boolean>> = {
  Secret: scope(['secrets:read']),
  // Composition gives an interface what any of its types demands.
  Item: scope(['secrets:read']),
  Scale: ({ kind }) => kind === 'partner',
  'Map.keeper': known,
  'Page.text': scope(['pages:read'], ['notes:read', 'all:read']),
  'Page.mark': scope(['pages:read']),
  'Person.salary': scope(['people:pay']),
  'Person.email': known,
  'Person.boss': ({ kind }) => kind === 'user',
  'Person.oddity': () => false,
  'Query.motto': scope(['motto:read']),
  'Query.nobody': () => false,
  'Query.people': known,
};

const mayAsk = (caller: Caller, ...coordinates: readonly string[]): boolean =>
  coordinates.every((coordinate) => rules[coordinate]?.(caller) ?? true);

const callers = fc.oneof(
  fc.constant(stranger),
  fc.constant({ ...administrator, scopes: [] }),
  fc
    .subarray(['secrets:read', 'pages:read', 'notes:read', 'all:read', 'people:pay', 'motto:read'])
    .map((scopes) => holder(...scopes)),
);

const directives = fc.constantFrom(
  '',
  '',
  '',
  ' @include(if: $yes)',
  ' @include(if: $no)',
  ' @skip(if: $no)',
  ' @skip(if: false)',
);

/**
 * Selections of a type as text, fields of interfaces and unions in fragments on their types. One of them is always there:
 * Apollo's planner by itself shows an object as null of which everything is skipped.
 */
function selections(type: GraphQLNamedType, depth: number): fc.Arbitrary<string> {
  const options = isObjectType(type) ? ownFields(type.name, depth) : [];
  const concrete = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
  const inside = isObjectType(type) && depth > 0 ? [type] : concrete;
  const fragments = inside.map((on) =>
    fc.tuple(directives, selections(on, depth - 1)).map(([when, set]) => `... on ${on.name}${when} ${set}`),
  );
  const always = fc.constantFrom('__typename', ...(isObjectType(type) ? plainLeaves(type) : []));
  return fc
    .tuple(always, fc.array(fc.oneof(...options, ...fragments, fc.constant('__typename')), { maxLength: 4 }))
    .map(([first, chosen]) => `{ ${[first, ...chosen].join(' ')} }`);
}

const plainLeaves = (type: GraphQLObjectType): readonly string[] =>
  Object.values(type.getFields()).flatMap((field) => (isLeafType(getNamedType(field.type)) ? [field.name] : []));

function ownFields(name: string, depth: number): readonly fc.Arbitrary<string>[] {
  const type = schema.getType(name);
  if (!isObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => {
    const given = getNamedType(field.type);
    const named = fc.constantFrom(field.name, `x${field.name}: ${field.name}`);
    if (isLeafType(given)) return [fc.tuple(named, directives).map(([text, when]) => text + when)];
    if (depth <= 0) return [];
    return [fc.tuple(named, directives, selections(given, depth - 1)).map(([text, when, set]) => `${text}${when} ${set}`)];
  });
}

const query = schema.getQueryType();
if (query == null) throw new Error('The archive has no query type.');
const operations = fc
  .tuple(selections(query, 4), fc.boolean(), fc.boolean())
  // Every variable is used, so that the operation is valid.
  .map(([set, yes, no]) => ({
    text: `query ($yes: Boolean = true, $no: Boolean!) { a: __typename @skip(if: $yes) b: __typename @skip(if: $no) ... ${set} }`,
    variables: { yes, no },
  }));

type Operation = { readonly text: string; readonly variables: Readonly<Record<string, unknown>> };

/**
 * True when fragments or fields with selections stand in an operation twice. Apollo's gateway joins those of one place at the first
 * of them, also in the answer, so that a field of the second comes earlier than graphql-js would show it, whoever asks.
 */
function repeatsItself({ text }: Operation): boolean {
  const heads = text.match(/(\.\.\. on \w+|(\w+: )?\w+)( @\w+\([^)]*\))?(?= {)/g) ?? [];
  return new Set(heads).size < heads.length;
}

/** What graphql-js answers over all of the data when the resolver of a denied field throws. */
async function expectedAnswer({ text, variables }: Operation, caller: Caller) {
  const result = await execute({
    schema,
    document: parse(text),
    variableValues: variables,
    rootValue: data,
    typeResolver: ({ __typename }) => __typename,
    fieldResolver: (source, _, __, { parentType, fieldName, returnType }) => {
      if (mayAsk(caller, parentType.name, `${parentType.name}.${fieldName}`, getNamedType(returnType).name))
        return source[fieldName];
      throw new Error('denied');
    },
  });
  return JSON.stringify(result.data);
}

/** Response paths of the fields that the caller may not ask for, once each, and nothing below them. */
function expectedDenials({ text, variables }: Operation, caller: Caller): readonly string[] {
  const types = new TypeInfo(schema);
  const path: string[] = [];
  const denied = new Set<string>();
  visit(
    parse(text),
    visitWithTypeInfo(types, {
      enter(node) {
        if (node.kind !== Kind.FIELD && node.kind !== Kind.INLINE_FRAGMENT) return;
        const isLeftOut = node.directives?.some(({ name, arguments: [given] = [] }) => {
          const value = given?.value.kind === Kind.VARIABLE ? variables[given.value.name.value] : false;
          return value === (name.value === 'skip');
        });
        if (isLeftOut) return false;
        if (node.kind !== Kind.FIELD) return;
        path.push((node.alias ?? node.name).value);
        const parent = String(types.getParentType()?.name);
        if (mayAsk(caller, parent, `${parent}.${node.name.value}`, String(getNamedType(types.getType())?.name))) return;
        if (node.name.value === '__typename') return;
        denied.add(path.join('.'));
        path.pop();
        return false;
      },
      leave(node) {
        if (node.kind === Kind.FIELD) path.pop();
      },
    }),
  );
  return [...denied].sort();
}

/** Coordinates of every field in what a subgraph was asked. */
function coordinatesIn({ subgraph, text }: { subgraph: string; text: string }): readonly (readonly string[])[] {
  const asked: string[][] = [];
  const types = new TypeInfo(subgraphSchemas.get(subgraph) ?? schema);
  visit(
    parse(text),
    visitWithTypeInfo(types, {
      Field({ name }) {
        if (name.value.startsWith('_')) return;
        const parent = String(types.getParentType()?.name);
        asked.push([parent, `${parent}.${name.value}`, String(getNamedType(types.getType())?.name)]);
      },
    }),
  );
  return asked;
}

test('random operations: denied fields are never asked for, are null as if their resolver had refused, and are told once', async () => {
  await using archive = await startArchive();
  let denials = 0;
  await fc.assert(
    fc.asyncProperty(operations, callers, async (operation, caller) => {
      fc.pre(validate(schema, parse(operation.text)).length === 0);
      archive.asked.length = 0;
      const { body } = await archive.ask(caller, operation.text, operation.variables);
      const expected = expectedDenials(operation, caller);
      denials += expected.length;
      expect((body.errors ?? []).map(({ path }) => path?.join('.')).sort()).toEqual(expected);
      for (const { extensions } of body.errors ?? [])
        expect(extensions['code']).toBe(caller.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN');
      const answer = await expectedAnswer(operation, caller);
      if (repeatsItself(operation)) expect(body.data).toEqual(JSON.parse(answer));
      else expect(JSON.stringify(body.data)).toBe(answer);
      for (const coordinates of archive.asked.flatMap(coordinatesIn))
        expect([coordinates, mayAsk(caller, ...coordinates)]).toEqual([coordinates, true]);
    }),
    { numRuns: 400 },
  );
  expect(denials).toBeGreaterThan(100);
});
