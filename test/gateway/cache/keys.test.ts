import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '#gateway/cache/canonical.ts';
import { digest } from '#gateway/cache/digest.ts';
import { cacheKeys } from '#gateway/cache/keys.ts';
import type { Unit } from '#gateway/cache/policy.ts';
import { entityTag } from '#gateway/cache/tags.ts';
import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { partner, person } from '#test/harness/callers.ts';

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, shuffled(field)]),
  );
};

const json = fc.jsonValue({ maxDepth: 4 });

test('E14: the order of keys makes no difference, and nothing else is lost', () => {
  fc.assert(fc.property(json, (value) => canonical(shuffled(value)) === canonical(value)));
  fc.assert(fc.property(json, (value) => void expect(JSON.parse(canonical(value))).toEqual(value)));
});

test('E13: different values have different texts', () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      expect(canonical(one) === canonical(other)).toBe(isSame(one, other));
    }),
    { numRuns: 2_000 },
  );
});

const isSame = (one: unknown, other: unknown): boolean => {
  try {
    expect(one).toStrictEqual(other);
    return true;
  } catch {
    return false;
  }
};

test('E13: key fields that run into each other without their lengths have different keys', () => {
  const left = { __typename: 'Part', a: '1b:2', b: 'X' };
  const right = { __typename: 'Part', a: '1', b: '2b:X' };
  expect(entityTag('Part', left)).not.toBe(entityTag('Part', right));
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
      expect(digest(...one) === digest(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  [1, '1'],
  [true, 'true'],
  [null, 'null'],
  [0, -0],
  ['\u00e9', 'e\u0301'],
  ['\ud800', '\udfff'],
  [[], {}],
  [[['a'], 'b'], [['a', 'b']]],
])('E14: %j and %j are told apart', (one, other) => {
  expect(digest(canonical({ id: one }))).not.toBe(digest(canonical({ id: other })));
});

test.each([Number.NaN, 1n, new Date(), new Map(), () => 1, Symbol('x')])('%s is not JSON and gets no key', (value) => {
  expect(() => canonical({ value })).toThrow(TypeError);
});

const unit = (scope: Unit['scope']): Unit => ({
  name: 'Sample',
  maxAgeSeconds: 60,
  scope,
  selection: 'selection',
  variables: ['first'],
  tagsOf: () => [],
});

const keys = cacheKeys({ secret: 'secret', epoch: 'epoch' });

type Question = {
  readonly scope?: Unit['scope'];
  readonly service?: string;
  readonly selection?: string;
  readonly caller?: Caller;
  readonly variables?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly representation?: unknown;
};

const keyOf = ({
  scope = 'ORGANIZATION',
  service = 'samples',
  selection = 'selection',
  caller = person('guest'),
  variables = {},
  headers = {},
  representation = { __typename: 'Sample', id: '1' },
}: Question): string | undefined => {
  const call = { requestId: crypto.randomUUID(), signal: AbortSignal.timeout(1_000), caller };
  return keys.placesOf({ ...unit(scope), selection }, { service, variables, headers, call })?.(representation).key;
};

const acme = partner('acme-genomics', ['samples:read']);
const other = 'somebody-else';

test.each<[string, Question, Question]>([
  ['organizations', { caller: acme }, { caller: partner('helix-labs', ['samples:read']) }],
  ['scopes', { caller: acme }, { caller: partner('acme-genomics', ['samples:read', 'samples:write']) }],
  ['roles', {}, { caller: person('lab_technician') }],
  ['subjects of what is PRIVATE', { scope: 'PRIVATE' }, { scope: 'PRIVATE', caller: person('guest', other) }],
  [
    'tenants of what is PUBLIC',
    { scope: 'PUBLIC', caller: acme },
    { scope: 'PUBLIC', caller: partner('helix-labs', acme.scopes) },
  ],
  ['services', {}, { service: 'storage' }],
  ['selections', {}, { selection: 'another' }],
  ['used variables', { variables: { first: 1 } }, { variables: { first: '1' } }],
  ['a variable given as null and none', { variables: { first: null } }, {}],
  ['forwarded headers', { headers: { 'accept-language': 'de' } }, { headers: { 'accept-language': 'fr' } }],
  ['representations', {}, { representation: { __typename: 'Sample', id: '2' } }],
  ['types', {}, { representation: { __typename: 'Other', id: '1' } }],
])('different %s never share a key', (_, one, another) => {
  expect(keyOf(one)).toBeDefined();
  expect(keyOf(one)).not.toBe(keyOf(another));
});

test.each<[string, Question, Question]>([
  ['subjects with the same rights', {}, { caller: person('guest', other) }],
  ['people in what is PUBLIC', { scope: 'PUBLIC' }, { scope: 'PUBLIC', caller: person('lab_administrator', other) }],
  ['traces', { headers: { traceparent: '00-1' } }, { headers: { traceparent: '00-2', 'x-request-id': '7' } }],
  ['unused variables', {}, { variables: { other: 1 } }],
  ['orders of scopes', { caller: partner('acme', ['a:b', 'c:d']) }, { caller: partner('acme', ['c:d', 'a:b']) }],
])('different %s share a key', (_, one, another) => {
  expect(keyOf(one)).toBe(keyOf(another));
});

test('CA-14: a key tells its service and type; an organization is not to be read from it', () => {
  expect(keyOf({ caller: acme })).toMatch(/^c:\{[a-z2-7]{26}\}:1:samples:Sample:[\w-]{27}$/);
  expect(keyOf({ scope: 'PUBLIC' })).toMatch(/^c:\{pub\}:1:samples:Sample:/);
});

test('strangers have nothing PRIVATE', () => {
  expect(keyOf({ scope: 'PRIVATE', caller: stranger })).toBeUndefined();
});

test('G19: another supergraph has keys of its own', () => {
  const newer = cacheKeys({ secret: 'secret', epoch: 'newer' });
  const asked = { service: 's', variables: {}, headers: {}, call: { requestId: '', signal: AbortSignal.abort(), caller: acme } };
  expect(newer.placesOf(unit('ORGANIZATION'), asked)?.().key).not.toBe(keys.placesOf(unit('ORGANIZATION'), asked)?.().key);
});
