import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { operationExecutor } from '#kit/execute-operation.ts';
import { compose } from '#schema/compose.ts';
import { partner } from '#test/harness/callers.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';

/*
 * A small supergraph with protected things behind every kind of type. The directives go by other names than their own,
 * as a link allows.
 */
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", { name: "@authenticated", as: "@known" }, { name: "@requiresScopes", as: "@needs" }, "@policy"
])`;

export const sdls: Readonly<Record<string, string>> = {
  items: `${link}
    interface Item { id: ID! title: String keeper: Person }
    type Note implements Item @key(fields: "id") { id: ID! title: String keeper: Person pages: [Page!] loose: [Page] }
    type Secret implements Item @key(fields: "id") @needs(scopes: [["secrets:read"]]) {
      id: ID! title: String keeper: Person code: String! twin: Note
    }
    type Map implements Item @key(fields: "id") { id: ID! title: String keeper: Person @known scale: Scale }
    scalar Scale @policy(policies: [["kind:partner"]])
    type Page { number: Int! text: String @needs(scopes: [["pages:read"], ["notes:read", "all:read"]]) mark: String! @needs(scopes: [["pages:read"]]) }
    union Found = Note | Secret | Map
    type Person @key(fields: "id", resolvable: false) { id: ID! }
    type Query {
      note(id: ID): Note
      notes: [Note!]
      secret: Secret
      items: [Item]
      found: [Found!]
      one: Found
      motto: String! @needs(scopes: [["motto:read"]])
      nobody: String @needs(scopes: [])
    }
    type Mutation { open: Note shut: Note @needs(scopes: [["notes:write"]]) }`,
  people: `${link}
    type Person @key(fields: "id") {
      id: ID!
      name: String
      salary: Int! @needs(scopes: [["people:pay"]])
      email: String @known
      boss: Person @policy(policies: [["no:such", "kind:partner"], ["kind:user"]])
      notes: [Note!]
      oddity: String @policy(policies: [["no:such"]])
    }
    type Note @key(fields: "id", resolvable: false) { id: ID! }
    type Query { people: [Person!] @known }`,
};

const ann = {
  __typename: 'Person',
  id: 'p1',
  name: 'Ann',
  salary: 10,
  email: 'ann@x',
  oddity: 'odd',
  boss: null,
  notes: [] as object[],
};
const bob = { ...ann, id: 'p2', name: 'Bob', salary: 20, email: 'bob@x', boss: ann };
const people = [ann, bob];
const page = (number: number) => ({ __typename: 'Page', number, text: `text ${number}`, mark: `mark ${number}` });
const note = {
  __typename: 'Note',
  id: 'n1',
  title: 'Note',
  keeper: bob,
  pages: [page(1), page(2)],
  loose: [page(3), null, page(4)],
};
ann.notes.push(note);
const secret = { __typename: 'Secret', id: 's1', title: 'Secret', keeper: ann, code: 'xyzzy', twin: note };
const map = { __typename: 'Map', id: 'm1', title: 'Map', keeper: bob, scale: '1:10' };
const all = [note, secret, map, note];

/** Everything there is, by root field. */
export const data = {
  note,
  notes: [note, note],
  secret,
  items: [...all, null],
  found: all,
  one: secret,
  motto: 'Keep',
  nobody: 'seen',
  people,
  open: note,
  shut: note,
};

const roots = (...names: readonly (keyof typeof data)[]): Record<string, () => unknown> =>
  Object.fromEntries(names.map((name) => [name, () => data[name]]));

const resolvers: Readonly<Record<string, object>> = {
  items: {
    Query: roots('note', 'notes', 'secret', 'items', 'found', 'one', 'motto', 'nobody'),
    Mutation: roots('open', 'shut'),
    ...Object.fromEntries(all.map((entity) => [entity.__typename, { __resolveReference: () => entity }])),
  },
  people: {
    Query: roots('people'),
    Person: { __resolveReference: ({ id }: { id: string }) => people.find((person) => person.id === id) },
  },
};

const composed = compose(Object.entries(sdls).map(([name, sdl]) => ({ name, sdl, url: `local:${name}` })));

/** The supergraph, and the schema that clients see. */
export const { supergraph, api } = composed;

type Asked = { readonly subgraph: string; readonly text: string };

export type Archive = AsyncDisposable & {
  /** Asks as this caller. */
  readonly ask: (caller: Caller, query: string, variables?: Record<string, unknown>) => ReturnType<GatewayUnderTest['query']>;
  /** What subgraphs were asked; `asked.length = 0` begins anew. */
  readonly asked: Asked[];
};

type Options = { readonly sdl?: string; readonly env?: Record<string, string> };

/** A gateway over the archive that notes what it asks of subgraphs. */
export async function startArchive({ sdl = supergraph, env = {} }: Options = {}): Promise<Archive> {
  const asked: Asked[] = [];
  const callers = new Map<string, Caller>();
  const locals = new Map(
    Object.entries(sdls).map(([name, typeDefs]) => {
      const schema = buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: resolvers[name] as Record<string, never> }]);
      const execute = operationExecutor({ schema, contextFor: () => ({}), onUnexpectedError: rethrow });
      return [
        name,
        {
          execute: (operation: Parameters<typeof execute>[0]) => {
            asked.push({ subgraph: name, text: operation.text });
            return execute(operation);
          },
        },
      ] as const;
    }),
  );
  const gateway = await testGateway({
    sdl,
    // What strangers may see is up to the directives here, and random operations may be of any size.
    env: { PUBLIC_FIELDS: '*', MAX_ALIASES: '1000', MAX_DIRECTIVES: '1000', MAX_ROOT_FIELDS: '1000', ...env },
    locals,
    identify: async ({ headers }) => callers.get(String(headers['x-caller'])) ?? stranger,
  });
  return {
    asked,
    ask(caller, query, variables) {
      const name = JSON.stringify(caller);
      callers.set(name, caller);
      return gateway.query(query, variables, { 'x-caller': name });
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** A partner with these scopes. */
export const holder = (...scopes: readonly string[]): Caller => partner('acme-genomics', scopes);
