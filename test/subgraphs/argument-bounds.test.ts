import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { GraphQLArgument, GraphQLField, GraphQLInputType, GraphQLOutputType } from 'graphql';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/* Every argument of every root field, with values beyond what its description allows. */

const schema = buildSchema(readFileSync(join(resolve(import.meta.dirname, '..', '..'), 'schema', 'api.graphql'), 'utf8'), {
  assumeValid: true,
});

const kinds = [
  ['query', schema.getQueryType()],
  ['mutation', schema.getMutationType()],
] as const;

const uuid = '5a000000-0000-4000-8000-000000000001';

/** A literal that the argument's own type takes. */
function literal(type: GraphQLInputType, depth = 0): string {
  const bare = getNullableType(type);
  if (isListType(bare)) return `[${literal(bare.ofType, depth)}]`;
  if (isEnumType(bare)) return bare.getValues()[0]?.name ?? '';
  if (isInputObjectType(bare)) {
    const fields = Object.values(bare.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type, depth + 1)}`).join(', ')} }`;
  }
  return literals[bare.name] ?? '"2026-01-01"';
}

const literals: Readonly<Record<string, string>> = {
  Int: '1',
  Float: '1',
  Boolean: 'true',
  ID: `"${uuid}"`,
  UUID: `"${uuid}"`,
  String: '"abc"',
  JSON: '{}',
  DateTime: '"2026-01-01T00:00:00Z"',
};

const selection = (type: GraphQLOutputType): string => (isLeafType(getNamedType(type)) ? '' : '{ __typename }');

/** Values that no argument of the type may have. */
const beyond: Readonly<Record<string, readonly string[]>> = {
  Int: ['-1', '2147483647'],
  ID: ['"../../admin"', '""'],
  String: [JSON.stringify('x'.repeat(200_000))],
};

type Case = readonly [coordinate: string, given: { readonly kind: string; readonly operation: string; readonly value: string }];

function casesOf(kind: string, field: GraphQLField<unknown, unknown>): readonly Case[] {
  const required = (argument: GraphQLArgument): boolean => isNonNullType(argument.type) && argument.defaultValue === undefined;
  return field.args.flatMap((argument) =>
    (beyond[getNullableType(argument.type).toString()] ?? []).map((value): Case => {
      const others = field.args.filter((other) => other !== argument && required(other));
      const words = [`${argument.name}: ${value}`, ...others.map((other) => `${other.name}: ${literal(other.type)}`)];
      const operation = `${kind} { ${field.name}(${words.join(', ')}) ${selection(field.type)} }`;
      return [`${field.name}(${argument.name}: ${value.slice(0, 20)})`, { kind, operation, value: String(JSON.parse(value)) }];
    }),
  );
}

const cases = kinds.flatMap(([kind, type]) => Object.values(type?.getFields() ?? {}).flatMap((field) => casesOf(kind, field)));

let laboratory: LaboratoryUnderTest;

beforeAll(async () => {
  laboratory = await startLaboratory({});
});

afterAll(() => laboratory[Symbol.asyncDispose]());

const allowed: ReadonlySet<unknown> = new Set(['BAD_USER_INPUT', 'NOT_FOUND']);

test.each(cases)('SE-05 %s does not reach an upstream', async (_, { kind, operation, value }) => {
  laboratory.calls.length = 0;
  const { body } = await laboratory.gateway.query(operation);
  const codes = (body.errors ?? []).map(({ extensions }) => extensions['code']);
  expect(codes.filter((code) => !allowed.has(code))).toEqual([]);
  const [answer] = Object.values(body.data ?? {});
  // What cannot exist is not there, which is no error of whoever looks for it.
  if (codes.length === 0) expect([kind, answer]).toEqual(['query', null]);
  if (codes.length > 0) expect(laboratory.calls).toEqual([]);
  const sent = laboratory.calls.map(({ path, query }) => decodeURIComponent(`${path}?${query}`));
  if (value !== '') expect(sent.filter((each) => each.includes(value))).toEqual([]);
});
