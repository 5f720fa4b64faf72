import { expect, test } from 'vitest';
import { fillFormats } from '#gateway/cache/formats.ts';
import type { Policy, Unit } from '#gateway/cache/policy.ts';
import { compilePolicy } from '#gateway/cache/policy.ts';
import { cacheIndex } from '#gateway/cache/schema-index.ts';
import { formattedTag } from '#gateway/cache/tags.ts';
import { compose } from '#schema/compose.ts';

const supergraph = (schema: string, { url = 'http://samples', directive = '@cacheControl' } = {}): string => `
  schema @link(url: "https://specs.apollo.dev/link/v1.0")
    @link(url: "https://cache.example/cache/v0.1", import: [${directive === '@cacheControl' ? '"@cacheControl"' : `{ name: "@cacheControl", as: "${directive}" }`}, "@cacheTag"]) {
    query: Query
  }
  directive ${directive}(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT
  directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT
  enum join__Graph { SAMPLES @join__graph(name: "samples", url: "${url}") OTHERS @join__graph(name: "others", url: "") }
  ${schema.replaceAll('@cacheControl', directive)}`;

const types = `
  type Query {
    plain: Int
    hinted: Int @cacheControl(maxAge: 10)
    sample: Sample
    short: Sample @cacheControl(maxAge: 5)
    long: Sample @cacheControl(maxAge: 500)
    bare: Bare
    inherited: Bare @cacheControl(maxAge: 40)
    found: Found @cacheControl(maxAge: 90)
    mine: Bare @cacheControl(maxAge: 40, scope: PRIVATE)
    open: Open
    openNested: Nested @cacheControl(maxAge: 60, scope: PUBLIC)
  }
  type Sample @join__type(graph: SAMPLES, key: "id") @join__type(graph: OTHERS, key: "barcode") @cacheControl(maxAge: 60) @cacheTag(format: "sample-{$key.id}") {
    id: ID name: String quick: String @cacheControl(maxAge: 7) bare: Bare kept: Bare @cacheControl(inheritMaxAge: true)
    soft: Soft list: [Sample]
  }
  type Bare { x: Int y: Int @cacheControl(maxAge: 3) }
  type Soft @cacheControl(inheritMaxAge: true) { x: Int }
  type Stub @join__type(graph: SAMPLES, key: "id") { id: ID place: Bare @cacheControl(maxAge: 20, inheritMaxAge: true) note: String @cacheControl(maxAge: 30) other: String }
  union Found = Sample | Bare
  type Open @cacheControl(maxAge: 60, scope: PUBLIC) { x: Int inner: Inner }
  type Inner @cacheControl(maxAge: 60, scope: PUBLIC) { x: Int }
  type Nested { secret: Soft closed: Bare @cacheControl(maxAge: 60) }`;

const graph = cacheIndex(supergraph(types)).graphOf('samples');
const compiled = (text: string): Policy | undefined => compilePolicy(text, graph);

function root(text: string): Unit | undefined {
  const policy = compiled(text);
  return policy?.kind === 'roots' ? [...policy.fields.values()][0] : undefined;
}

function entity(typename: string, selection: string): Unit | undefined {
  const policy = compiled(
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${typename} { ${selection} } } }`,
  );
  return policy?.kind === 'entities' ? policy.unitOf(typename) : undefined;
}

test.each([
  ['{ plain }', undefined],
  ['{ hinted }', 10],
  ['{ sample { name } }', 60],
  ['{ short { name } }', 5],
  ['{ long { name } }', 500],
  ['{ long { name quick } }', 7],
  ['{ long { list { name } } }', 60],
  ['{ sample { bare { x } } }', undefined],
  ['{ sample { kept { x } } }', 60],
  ['{ sample { kept { y } } }', 3],
  ['{ sample { soft { x } } }', 60],
  ['{ bare { x } }', undefined],
  ['{ inherited { x } }', 40],
  ['{ found { ... on Sample { quick } ... on Bare { x } } }', 7],
  ['{ found { __typename } }', 90],
  ['{ unknown }', undefined],
  ['query ($c: Boolean!) { sample @include(if: $c) { name } }', undefined],
  ['{ ...F } fragment F on Query { sample { name } }', undefined],
  ['{ sample { ...F } } fragment F on Sample { quick }', 7],
  ['mutation { sample { name } }', undefined],
])('%s is kept for %s seconds', (text, seconds) => {
  expect(root(text)?.maxAgeSeconds).toBe(seconds);
});

test.each([
  ['Sample', 'name', 60],
  ['Sample', 'name quick', 7],
  ['Sample', 'bare { x }', undefined],
  ['Stub', 'note', 30],
  ['Stub', 'note place { x }', 20],
  ['Stub', 'note other', undefined],
  ['Stub', '__typename', undefined],
  ['Bare', 'x', undefined],
])('an entity %s with { %s } is kept for %s seconds', (typename, selection, seconds) => {
  expect(entity(typename, selection)?.maxAgeSeconds).toBe(seconds);
});

test.each([
  ['{ sample { name } }', 'ORGANIZATION'],
  ['{ mine { x } }', 'PRIVATE'],
  ['{ open { x inner { x } } }', 'PUBLIC'],
  ['{ openNested { closed { x } } }', 'ORGANIZATION'],
])('%s is %s', (text, scope) => {
  expect(root(text)?.scope).toBe(scope);
});

test('an operation of which nothing is kept has no policy at all', () => {
  expect(compiled('{ plain bare { x } }')).toBeUndefined();
  expect(compiled('{ plain sample { name } }')).toBeDefined();
});

test('a narrowed text asks for the wanted fields, with the variables that they use', () => {
  const policy = compiled('query Q($a: Int, $b: Boolean!) { plain(first: $a) sample { name @include(if: $b) } }');
  expect(policy?.kind === 'roots' && policy.narrowed(['sample']).replaceAll(/\s+/g, ' ')).toBe(
    'query Q($b: Boolean!) { sample { name @include(if: $b) } }',
  );
});

test('an entity has tags by each key that its representation tells, by its type and by its formats', () => {
  const tagsOf = entity('Sample', 'name list { name }')?.tagsOf;
  const byId = tagsOf?.({ variables: {}, representation: { __typename: 'Sample', id: 'x y' } }) ?? [];
  expect(byId.filter((tag) => tag.startsWith('{pub}:entity:'))).toHaveLength(1);
  expect(byId).toEqual(expect.arrayContaining(['{pub}:type:Sample', '{pub}:some:Sample', '{pub}:subgraph:samples']));
  const byBoth = tagsOf?.({ variables: {}, representation: { __typename: 'Sample', id: 'x y', barcode: 'b' } }) ?? [];
  expect(byBoth.filter((tag) => tag.startsWith('{pub}:entity:'))).toHaveLength(2);
  expect(byBoth).toEqual(expect.arrayContaining([...byId]));
});

test('a directive goes by the name that its link gives it', () => {
  const renamed = cacheIndex(supergraph(types, { directive: '@keep' })).graphOf('samples');
  const policy = compilePolicy('{ sample { name } }', renamed);
  expect(policy?.kind === 'roots' && policy.fields.get('sample')?.maxAgeSeconds).toBe(60);
});

test('tags of the federation directive hold for the subgraph that declares them', () => {
  const sdl = (extra: string) => `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cacheTag"])
    type Sample @key(fields: "id") ${extra}`;
  const { supergraph: composed } = compose([
    {
      name: 'samples',
      url: '',
      sdl: sdl('@cacheTag(format: "sample-{$key.id}") { id: ID! name: String } type Query { sample: Sample }'),
    },
    { name: 'others', url: '', sdl: sdl('{ id: ID! size: Int }') },
  ]);
  const index = cacheIndex(composed);
  const { formats = [] } = index.graphOf('samples').typeOf('Sample') ?? {};
  expect(fillFormats(formats, { key: { id: 's1' } })).toEqual([formattedTag('sample-s1')]);
  expect(fillFormats(formats, { key: { id: null } })).toEqual([]);
  expect(index.graphOf('others').typeOf('Sample')?.formats).toEqual([]);
});

test('G19: the epoch follows whatever changes answers, and not addresses or descriptions', () => {
  const { epoch } = cacheIndex(supergraph(types));
  expect(cacheIndex(supergraph(types, { url: 'http://elsewhere' })).epoch).toBe(epoch);
  expect(cacheIndex(supergraph(types.replace('type Soft', '"Soft." type Soft'))).epoch).toBe(epoch);
  expect(cacheIndex(supergraph(types.replace('maxAge: 500', 'maxAge: 501'))).epoch).not.toBe(epoch);
  expect(cacheIndex(supergraph(types.replace('name: String', 'name: String!'))).epoch).not.toBe(epoch);
});
