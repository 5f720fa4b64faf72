import { readFileSync } from 'node:fs';
import type { ObjectTypeDefinitionNode } from 'graphql';
import { Kind, parse, valueFromASTUntyped } from 'graphql';
import { describe, expect, test } from 'vitest';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { subgraphNames } from '#kit/service-names.ts';
import { subgraphSdl } from '#kit/subgraph-sdl.ts';
import { cacheFaults } from '#schema/caching.ts';
import { compose } from '#schema/compose.ts';

const sdlOf = (name: string): string => subgraphSdl(new URL(import.meta.resolve(`#subgraphs/${name}/schema.graphql`)));

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requiresScopes"])';
const faultsOf = (...sdls: readonly string[]): readonly string[] =>
  cacheFaults(sdls.map((sdl, index) => ({ name: `s${index}`, url: `local:s${index}`, sdl: `${link} ${sdl}` })));

const query = (types: string, more = ''): string => `${types} type Query { "A thing."
# Kept 10 s: it changes seldom.
thing(id: ID): Thing @cacheControl(maxAge: 10) ${more} }`;

const thing = 'type Thing @key(fields: "id") @cacheControl(maxAge: 10) { id: ID! name: String }';

describe('CA-14: what is said of keeping answers is refused when', () => {
  test.each([
    [
      'a tag names no field of a key',
      query(
        'type Thing @key(fields: "id") @cacheTag(format: "thing-{$key.name}") @cacheControl(maxAge: 1) { id: ID! name: String }',
      ),
      'Thing: {$key.name} of a tag is no field of a key here.',
    ],
    [
      'a tag names no argument',
      query(thing, '@cacheTag(format: "{$args.id}-{$args.name}")'),
      'Query.thing: {$args.name} of a tag is no argument here.',
    ],
    [
      'a tag of a field names a key',
      query(thing, '@cacheTag(format: "{$key.id}")'),
      'Query.thing: {$key.id} of a tag is no argument here.',
    ],
    ['a tag names nothing', query(thing, '@cacheTag(format: "thing-{id}")'), 'Query.thing: {id} of a tag is no argument here.'],
    [
      'a maxAge is negative',
      query('type Thing @key(fields: "id") @cacheControl(maxAge: -1) { id: ID! }'),
      'Thing: maxAge is negative.',
    ],
    [
      'a field that not everybody may see is PUBLIC',
      `${thing} type Query { "A thing."
        # Kept 10 s: it changes seldom.
        thing: Thing @requiresScopes(scopes: [["a"]]) @cacheControl(maxAge: 10, scope: PUBLIC) }`,
      'Query.thing: what not all may see is not PUBLIC.',
    ],
    [
      'a root field says nothing',
      `${thing} type Query { "A thing." thing: Thing }`,
      'Query.thing: does not say how long it may be kept.',
    ],
    [
      'a root field says no reason',
      `${thing} type Query { "A thing." thing: Thing @cacheControl(maxAge: 1) } # Kept 1 s: too late.`,
      'Query.thing: says nowhere why it is kept or not, by a comment that begins with "Kept" or "Not kept".',
    ],
    [
      'something in what is kept says nothing',
      query(`${thing.replace('name: String', 'part: Part')} type Part { size: Int }`),
      'Query.thing: is kept, but Thing.part in it does not say for how long.',
    ],
    [
      'a mutation says nothing',
      query(`${thing} type Mutation { touch: Boolean }`),
      'Mutation.touch: does not say what it makes stale.',
    ],
    [
      'a mutation names a type that there is not',
      query(`${thing} type Mutation { touch: Boolean @cacheInvalidate(types: ["Thing", "Thong"]) }`),
      'Mutation.touch: makes Thong stale, and there is no such type.',
    ],
    [
      'a mutation makes nothing stale and gives an entity that is kept',
      query(`${thing} type Mutation { touch: Thing @cacheInvalidate(types: []) }`),
      'Mutation.touch: makes nothing stale, and gives Thing.',
    ],
    [
      'a mutation leaves out what holds what it changes',
      query(
        `${thing} type Box @cacheControl(maxAge: 5) { things: [Thing!] } type Mutation { touch: Boolean @cacheInvalidate(types: ["Thing"]) }`,
        '"A box."\n# Kept 5 s: it fills.\nbox: Box @cacheControl(maxAge: 5)',
      ),
      'Mutation.touch: makes Thing stale, but not Box, which holds it.',
    ],
  ])('%s', (_, sdl, fault) => {
    expect(faultsOf(sdl)).toEqual([`[s0] ${fault}`]);
  });

  test('and not when all is said', () => {
    expect(faultsOf(query(`${thing} type Mutation { touch: Thing @cacheInvalidate(types: ["Thing"]) }`))).toEqual([]);
  });

  test('what holds but the key of a type need not be named', () => {
    const orders = `type Thing @key(fields: "id", resolvable: false) { id: ID! }
      type Order @key(fields: "id") @cacheControl(maxAge: 5) { id: ID! thing: Thing }
      type Query { "All." 
      # Kept 5 s: they come all the time.
      orders: [Order!] @cacheControl(maxAge: 5) }
      type Mutation { order: Boolean @cacheInvalidate(types: ["Thing"]) }`;
    expect(faultsOf(query(thing), orders)).toEqual([]);
  });
});

test('CA-14: our own subgraphs say all of it', () => {
  expect(cacheFaults(subgraphNames.map((name) => ({ name, url: `local:${name}`, sdl: sdlOf(name) })))).toEqual([]);
});

const supergraph = readFileSync(new URL(import.meta.resolve('#schema/supergraph.graphql')), 'utf8');
const types = new Map<string, ObjectTypeDefinitionNode>(
  parse(supergraph).definitions.flatMap((node) => (node.kind === Kind.OBJECT_TYPE_DEFINITION ? [[node.name.value, node]] : [])),
);

/** Arguments of a directive of the supergraph, at `Type` or `Type.field`. */
function said(coordinate: string, directive: string): Readonly<Record<string, unknown>> | undefined {
  const [type = '', field] = coordinate.split('.');
  const node = field === undefined ? types.get(type) : types.get(type)?.fields?.find(({ name }) => name.value === field);
  const found = node?.directives?.find(({ name }) => name.value === directive);
  return found && Object.fromEntries((found.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
}

test('CA-14: the supergraph carries it, and clients see none of it', () => {
  expect(supergraph).toContain('https://specs.lab.example/cache/v0.1');
  expect(said('Sample', 'cacheControl')).toEqual({ maxAge: 10 });
  expect(said('Query.template', 'cacheTag')).toEqual({ format: 'template-{$args.id}' });
  const { api } = compose(subgraphNames.map((name) => ({ name, url: `local:${name}`, sdl: sdlOf(name) })));
  expect(api).not.toMatch(/@cache|CacheControlScope/);
  expect(plannerSdl(supergraph, new Set())).toContain('@cacheInvalidate');
});

test('CA-20: what is about the caller, a login or the state of an account is never kept, whatever a service says of it', () => {
  for (const field of [
    'me',
    'mySessions',
    'user',
    'users',
    'adminSessions',
    'viewer',
    'rateLimit',
    'organization',
    'organizations',
    'askLab',
  ])
    expect([field, said(`Query.${field}`, 'cacheControl')]).toEqual([field, { maxAge: 0 }]);
  // Of a person nothing but the name, which everybody may know.
  expect(said('User', 'cacheControl')).toBeUndefined();
  expect(said('User.displayName', 'cacheControl')).toEqual({ maxAge: 30 });
  for (const field of ['id', 'email', 'role', 'status', 'lastLoginAt'])
    expect([field, said(`User.${field}`, 'cacheControl')]).toEqual([field, undefined]);
  expect(supergraph).not.toMatch(/scope: PUBLIC/);
});

/** What the gateway changes through another service, which no rule about one subgraph could tell. */
const acrossServices: readonly (readonly [string, readonly string[]])[] = [
  // The state of the sample, in the sample service.
  ['storeSample', ['Sample', 'SampleConnection', 'StorageContainer', 'StorageContainerConnection', 'StorageLocation']],
  ['queueForSequencing', ['Sample', 'SampleConnection', 'SequencingJob', 'SequencingJobConnection', 'SampleSheet']],
  // Barcode and metadata of a sample say which submission is about it, and whose that is.
  ['createSample', ['Sample', 'SampleConnection', 'RagSubmission']],
  ['createSamples', ['Sample', 'SampleConnection', 'RagSubmission']],
  ['updateSample', ['Sample', 'SampleConnection', 'RagSubmission']],
  ['processDocument', ['RagSubmission', 'Sample']],
  ['transitionSample', ['Sample', 'SampleConnection']],
  ['deleteSample', ['Sample', 'SampleConnection']],
  // Where a sample lies stands at the sample; how full things are at everything around.
  ['assignSample', ['Sample', 'StorageContainer', 'StorageLocation']],
  ['moveSample', ['Sample', 'StorageContainer', 'StorageLocation']],
  ['removeSampleFromStorage', ['Sample', 'StorageContainer', 'StorageLocation']],
  // A job is found from its samples, and takes a sheet.
  ['createSequencingJob', ['SequencingJob', 'SequencingJobConnection', 'Sample', 'SampleSheet']],
  ['deleteSequencingJob', ['SequencingJob', 'SequencingJobConnection', 'Sample', 'SampleSheet']],
  ['updateSampleSheet', ['SampleSheet', 'SequencingJob', 'Sample']],
  ['deleteTemplate', ['Template']],
  ['addTemplateField', ['Template']],
];

test.each(acrossServices)('E9: %s makes all stale that it changes', (mutation, changed) => {
  expect(said(`Mutation.${mutation}`, 'cacheInvalidate')?.['types']).toEqual(expect.arrayContaining([...changed]));
});
