import { createHash } from 'node:crypto';
import type { ExecutionResult, GraphQLField, GraphQLSchema } from 'graphql';
import { buildSchema, execute, isObjectType, parse } from 'graphql';
import { expect, test } from 'vitest';
import { compile } from '#kit/execution/compile.ts';
import { containerId, jobId, sampleId, templateId, userId } from '#ops/sandbox/data/facts.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { administrator } from '#test/harness/callers.ts';
import { museum } from '#test/harness/museum.ts';
import { pick } from '#test/harness/random.ts';
import type { RandomOperation } from '#test/harness/random-operation.ts';
import { randomOperation } from '#test/harness/random-operation.ts';
import { openSubgraphs } from '#test/harness/running-subgraphs.ts';

/** Operations of each test; thousands by hand: `OPERATIONS=5000 npx vitest run test/kit/compiled-execution.test.ts`. */
const operations = Number(process.env['OPERATIONS'] ?? 100);
const timeout = 60_000 + operations * 1_000;
const seeds = Array.from({ length: operations }, (_, index) => index + 1);

/**
 * An answer as it looks on the wire, with its errors in an order of their own. Of several errors below a null it depends on the
 * time which are heard of before the answer is given: one of them stands for all.
 */
function comparable({ data, errors = [] }: ExecutionResult) {
  const told = new Set(
    errors.map(({ path = [], message, extensions }) => {
      const depth = depthOfNull(data, path);
      const below = depth < path.length;
      return JSON.stringify({
        path: path.slice(0, depth),
        ...(!below && { message: message.replace(ofType, 'No type.'), extensions }),
      });
    }),
  );
  return { data: JSON.stringify(data), errors: [...told].sort() };
}

/** How many names of a path lead to the first null. */
function depthOfNull(data: unknown, path: readonly (string | number)[]): number {
  let at = data;
  for (const [index, name] of path.entries()) {
    if (at === null || at === undefined) return index;
    at = (at as Readonly<Record<string | number, unknown>>)[name];
  }
  return path.length;
}

/** graphql-js has a sentence for each way in which a type can be wrong, for the authors of resolvers. */
const ofType = /^(Abstract type|Runtime Object type) .*/;

type Asked = { readonly schema: GraphQLSchema; readonly operation: RandomOperation; readonly context: () => object };

async function both({ schema, operation: { text, variables }, context }: Asked) {
  const document = parse(text, { noLocation: true });
  const byLibrary = await execute({ schema, document, variableValues: variables, contextValue: context() });
  const compiled = await compile({ schema, document })?.({ variables, context: context() });
  const generated = await compile({ schema, document, fewObjects: 0 })?.({ variables, context: context() });
  if (compiled === undefined || generated === undefined) throw new Error('It was not compiled.');
  expect({ text, ...comparable(generated) }).toEqual({ text, ...comparable(compiled) });
  return [comparable(compiled), comparable(byLibrary)] as const;
}

const dice = (text: string): number => createHash('md5').update(text).digest().readUInt32LE(0) % 1_000;

/** Also where nobody waits for it. */
function rejected(message: string): Promise<never> {
  const promise = Promise.reject(new Error(message));
  promise.catch(() => undefined);
  return promise;
}

/** Lets resolvers wait, throw, reject, give errors as values, and values of other types than theirs. */
function mischievous(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('_')) continue;
    for (const field of Object.values(type.getFields())) mislead(field, type.name);
  }
  return schema;
}

function mislead(field: GraphQLField<unknown, unknown>, type: string): void {
  const { resolve } = field;
  if (resolve == null || field.name === '_entities') return;
  field.resolve = (source, given, context, info) => {
    const found = resolve(source, given, context, info);
    const thrown = dice(`${type}.${field.name} ${JSON.stringify(source)} ${JSON.stringify(given)}`);
    const place = `${info.parentType.name}.${info.fieldName} at ${info.path.key} of ${info.fieldNodes.length}`;
    const [, mischief] = mischiefs(found, place).find(([below]) => thrown < below) ?? [];
    return mischief === undefined ? found : mischief();
  };
}

const mischiefs = (found: unknown, place: string): readonly (readonly [below: number, give: () => unknown])[] => [
  [15, () => raise(place)],
  [30, () => Promise.reject(new Error('It was rejected.'))],
  [40, () => new Error('It is an error.')],
  [50, () => Promise.resolve(new Error('It became an error.'))],
  [60, () => 'something else'],
  [65, () => [found, rejected('Another one.'), new Error('One of many.'), null]],
  [75, () => ({ __typename: 'Nothing' })],
  [400, () => Promise.resolve(found)],
];

function raise(message: string): never {
  throw new Error(message);
}

test.each([...museum().schemas].map(([name, schema]) => [name, mischievous(schema)] as const))(
  'the subgraph %s of a museum, whose resolvers fail in every way, answers as by graphql-js',
  { timeout },
  async (_, schema) => {
    let answered = 0;
    for (const seed of seeds) {
      const given = (argument: string): unknown =>
        argument === 'representations' ? { __typename: 'Person', id: String(seed % 7) } : String(seed % 12);
      const operation = randomOperation({ schema, random: seededRandom(seed), depth: 4, given });
      const [ours, theirs] = await both({ schema, operation, context: () => ({}) });
      expect({ operation, ...ours }).toEqual({ operation, ...theirs });
      if ((ours.data ?? 'null') !== 'null') answered += 1;
    }
    expect(answered).toBeGreaterThan(operations / 4);
  },
);

const ids = [sampleId(1), jobId(2), templateId(1), containerId(1), userId(1), 'lab'];
const types = ['Sample', 'SequencingJob', 'Template', 'User', 'StorageContainer'];

test('the laboratory’s subgraphs, with their permissions and loaders, answer as by graphql-js', { timeout }, async () => {
  await using opened = await openSubgraphs();
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const { schema, contextFor } = pick(random, [...opened.subgraphs.values()]);
    const given = (argument: string): unknown =>
      argument === 'representations' ? { __typename: pick(random, types), id: pick(random, ids) } : pick(random, ids);
    const leaveOut = new Set(['Query.askLab', 'Query._service', 'Query.graphQueryJobs', 'Query.graphQueryJob']);
    const operation = randomOperation({ schema, random, depth: 3, given, leaveOut });
    const context = () => contextFor({ requestId: `seed-${seed}`, signal: AbortSignal.timeout(60_000), caller: administrator });
    const [ours, theirs] = await both({ schema, operation, context });
    expect({ operation, ...ours }).toEqual({ operation, ...theirs });
  }
});

test('a mutation runs its fields one after the other', async () => {
  const schema = buildSchema('type Query { a: Int } type Mutation { add(by: Int!): Int! }');
  const seen: string[] = [];
  const add = schema.getMutationType()?.getFields()['add'];
  if (add === undefined) throw new Error('There is no such field.');
  add.resolve = async (_, { by }) => {
    seen.push(`begin ${by}`);
    await null;
    seen.push(`end ${by}`);
    return by;
  };
  const result = await compile({ schema, document: parse('mutation { one: add(by: 1) two: add(by: 2) }') })?.({ context: {} });
  expect(result).toEqual({ data: { one: 1, two: 2 } });
  expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('introspection and documents without the operation are left to graphql-js', () => {
  const schema = buildSchema('type Query { a: Int }');
  expect(compile({ schema, document: parse('{ __schema { queryType { name } } }') })).toBeUndefined();
  expect(compile({ schema, document: parse('query A { a }'), operationName: 'B' })).toBeUndefined();
});
