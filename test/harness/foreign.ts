import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { compose } from '#schema/compose.ts';

/** What a subgraph answers in place of the truth, to see how the gateway takes it. */
export type Fault = {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly hang?: boolean;
  /** The truth, but late. */
  readonly delayMs?: number;
};

export type ForeignSubgraph = AsyncDisposable & {
  readonly name: string;
  readonly url: string;
  /** Headers of every request so far. */
  readonly seen: Record<string, string | string[] | undefined>[];
  fault: Fault | undefined;
};

type Definition = { readonly name: string; readonly sdl: string; readonly resolvers: object };

/** A small Federation 2 subgraph over HTTP that has nothing to do with laboratories. */
export async function startForeign({ name, sdl, resolvers }: Definition): Promise<ForeignSubgraph> {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as Record<string, never> }]);
  const state: { fault: Fault | undefined; seen: ForeignSubgraph['seen'] } = { fault: undefined, seen: [] };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    state.seen.push(request.headers);
    if (state.fault?.hang === true) return;
    if (state.fault?.delayMs !== undefined) await pause(state.fault.delayMs);
    else if (state.fault !== undefined) {
      response.writeHead(state.fault.status ?? 200, {
        'content-type': state.fault.type ?? 'application/json',
        ...state.fault.headers,
      });
      response.end(state.fault.body ?? '');
      return;
    }
    const { query, variables } = JSON.parse(text);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(await graphql({ schema, source: query, variableValues: variables })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    seen: state.seen,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])';

export const bookshop = {
  books: {
    name: 'books',
    sdl: `${link}
      type Book @key(fields: "id") { id: ID! title: String! author: Author }
      type Author @key(fields: "id", resolvable: false) { id: ID! }
      type Query { book(id: ID!): Book books(first: Int = 2): [Book!] echo(text: String!, list: [Int!], tree: Tree): String }
      input Tree { leaf: String child: Tree }
      type Mutation { rename(id: ID!, title: String!): Book }`,
    resolvers: {
      Query: {
        book: (_: unknown, { id }: { id: string }) => book(id),
        books: (_: unknown, { first }: { first: number }) =>
          Array.from({ length: first }, (__, index) => book(String(index + 1))),
        echo: (_: unknown, { text }: { text: string }) => text,
      },
      Mutation: { rename: (_: unknown, { id, title }: { id: string; title: string }) => ({ ...book(id), title }) },
    },
  },
  authors: {
    name: 'authors',
    sdl: `${link}
      type Author @key(fields: "id") { id: ID! name: String! born: Int }
      type Query { author(id: ID!): Author }`,
    resolvers: {
      Query: { author: (_: unknown, { id }: { id: string }) => author(id) },
      Author: { __resolveReference: ({ id }: { id: string }) => author(id) },
    },
  },
};

const book = (id: string) => ({ id, title: `Book ${id}`, author: { id: `a${id}` } });
const author = (id: string) => ({ id, name: `Author ${id}`, born: 1900 });

/** The supergraph of running subgraphs, with their addresses. */
export const composeForeign = (subgraphs: readonly ForeignSubgraph[], sdls: Readonly<Record<string, string>> = {}): string =>
  compose(
    subgraphs.map(({ name, url }) => ({
      name,
      url,
      sdl: sdls[name] ?? Object.values(bookshop).find((known) => known.name === name)?.sdl ?? '',
    })),
  ).supergraph;
