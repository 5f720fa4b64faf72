import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Call } from '#kit/call.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import { allow, deny, rule } from '#kit/shield.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import type { Upstreams } from '#kit/upstreams.ts';
import { openUpstreams } from '#kit/upstreams.ts';

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  scalar DateTime
  type Thing @key(fields: "id") { id: ID! name: String at: DateTime secret: String guarded: String }
  type Query { thing(id: ID!): Thing refused: Thing unlisted: Thing asked: Int }
`;

type ThingReference = { readonly id: string };
type Context = { readonly call: Call; readonly madeAs: number };

let folder: string;
let upstreams: Upstreams;
let subgraph: RunningSubgraph;
let contexts = 0;
const unexpected: unknown[] = [];

const brokenRule = rule()(() => {
  throw new Error('a rule that throws');
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  const file = join(folder, 'schema.graphql');
  await writeFile(file, sdl);
  const definition = defineSubgraph<Context>({
    name: 'samples',
    schema: pathToFileURL(file),
    permissions: { Query: { _entities: allow, thing: allow, refused: brokenRule, asked: allow }, Thing: { secret: deny } },
    resolvers: {
      Query: {
        thing: (_: unknown, { id }: ThingReference) => ({
          id,
          name: `Thing ${id}`,
          at: '2026-01-01T00:00:00+00:00',
          secret: 's',
        }),
        refused: () => ({ id: 'r' }),
        unlisted: () => ({ id: 'u' }),
        asked: (_: unknown, __: unknown, { madeAs }: Context) => madeAs,
      },
      Thing: {
        __resolveReference: ({ id }: ThingReference) => {
          if (id === 'bug') throw new Error('db-7.internal: password hunter2');
          if (id === 'away') throw new ExpectedError('UPSTREAM_UNAVAILABLE', 'away', { extensions: { service: 'samples' } });
          return id === 'gone' ? null : { id, name: `Thing ${id}` };
        },
      },
    },
    open:
      () =>
      ({ call }) => ({ call, madeAs: ++contexts }),
  });
  const settings = { ...readUpstreamSettings('samples', {}), url: 'http://127.0.0.1:1' };
  const parts = { clock: systemClock, onUnexpectedError: (error: unknown) => void unexpected.push(error) };
  upstreams = await openUpstreams(new Map([['samples', settings]]), parts);
  subgraph = definition.open({ ...parts, upstreams });
});

afterAll(async () => {
  await upstreams[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const newCall = (): Call => ({ requestId: 'request-0001', signal: new AbortController().signal, caller: stranger });
const ask = async (text: string, variables = {}, call = newCall()) =>
  JSON.parse(JSON.stringify(await subgraph.execute({ text, variables, call })));

test('a root field that no rule names is denied, and so is one whose rule throws', async () => {
  const { data, errors } = await ask('{ unlisted { id } refused { id } thing(id: "1") { name secret at } }');
  expect(data).toEqual({
    unlisted: null,
    refused: null,
    thing: { name: 'Thing 1', secret: null, at: '2026-01-01T00:00:00.000Z' },
  });
  expect(
    errors.map(({ path, extensions }: { path: string[]; extensions: { code: string } }) => [path.join('.'), extensions.code]),
  ).toEqual([
    ['unlisted', 'FORBIDDEN'],
    ['refused', 'FORBIDDEN'],
    ['thing.secret', 'FORBIDDEN'],
  ]);
});

test('fields without a rule keep their own resolver', () => {
  const thing = subgraph.schema.getType('Thing');
  if (!isObjectType(thing)) throw new Error('There is no type Thing.');
  expect(thing.getFields()['name']?.resolve).toBeUndefined();
  expect(thing.getFields()['guarded']?.resolve).toBeUndefined();
});

test('one failing reference fails alone, and a bug says nothing of itself', async () => {
  unexpected.length = 0;
  const representations = ['1', 'bug', 'gone', 'away', '2'].map((id) => ({ __typename: 'Thing', id }));
  const { data, errors } = await ask('query($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { id name } } }', {
    r: representations,
  });
  expect(data._entities).toEqual([{ id: '1', name: 'Thing 1' }, null, null, null, { id: '2', name: 'Thing 2' }]);
  expect(
    errors.map(({ path, extensions }: { path: string[]; extensions: { code: string } }) => [path.join('.'), extensions.code]),
  ).toEqual([
    ['_entities.1', 'INTERNAL_SERVER_ERROR'],
    ['_entities.3', 'UPSTREAM_UNAVAILABLE'],
  ]);
  expect(JSON.stringify(errors)).not.toMatch(/hunter2|internal:/);
  expect(unexpected).toHaveLength(1);
});

test('one call has one context, another call another one', async () => {
  const call = newCall();
  const [first, second] = await Promise.all([ask('{ asked }', {}, call), ask('query Again { asked }', {}, call)]);
  expect(second.data).toEqual(first.data);
  expect((await ask('{ asked }')).data).not.toEqual(first.data);
});
