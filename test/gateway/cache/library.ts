import { setTimeout as pause } from 'node:timers/promises';
import type { Cache, CacheSettings } from '#gateway/cache/open-cache.ts';
import { openCache } from '#gateway/cache/open-cache.ts';
import type { Fault } from '#gateway/cache/store.ts';
import type { GatewayParts } from '#gateway/gateway.ts';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import { administrator } from '#test/harness/callers.ts';
import type { ForeignSubgraph } from '#test/harness/foreign.ts';
import { composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';

const header = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective"])
    @link(url: "https://cache.example/cache/v0.1", import: ["@cacheControl", "@cacheTag", "@cacheInvalidate"])
    @composeDirective(name: "@cacheControl") @composeDirective(name: "@cacheTag") @composeDirective(name: "@cacheInvalidate")
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT
  directive @cacheInvalidate(types: [String!]!) on FIELD_DEFINITION`;

const booksSdl = `${header}
  type Book @key(fields: "id") @cacheControl(maxAge: 60) { id: ID! title: String! author: Author shelf: Shelf }
  type Author @key(fields: "id", resolvable: false) { id: ID! }
  type Shelf @cacheControl(inheritMaxAge: true) { name: String! }
  type Notice @cacheControl(maxAge: 60, scope: PUBLIC) { text: String! }
  type Diary @cacheControl(maxAge: 60, scope: PRIVATE) { text: String! }
  type Query {
    book(id: ID!): Book @cacheTag(format: "book-{$args.id}")
    books(first: Int = 2): [Book!]
    notice: Notice
    diary: Diary
    clock: String
    large(size: Int!): String @cacheControl(maxAge: 60)
  }
  type Mutation {
    rename(id: ID!, title: String!): Book
    renameSilently(id: ID!, title: String!): Boolean
    renameDeclared(id: ID!, title: String!): Boolean @cacheInvalidate(types: ["Book"])
    renameTagged(id: ID!, title: String!): Boolean @cacheTag(format: "book-{$args.id}")
  }`;

const authorsSdl = `${header}
  type Author @key(fields: "id") @cacheControl(maxAge: 60) @cacheTag(format: "author-{$key.id}") { id: ID! name: String! mood: String @cacheControl(maxAge: 0) }
  type Query { author(id: ID!): Author }
  type Mutation { renameAuthor(id: ID!, name: String!): Author }`;

type State = {
  titles: Map<string, string>;
  names: Map<string, string | null>;
  /** Of each resolver that was asked, such as `book 1`. */
  asked: string[];
  /** So long every answer takes. */
  delayMs: number;
  /** An error for what is named so, such as `author a2`. */
  failing: Map<string, string>;
};

export type Library = AsyncDisposable &
  State & {
    readonly sdl: string;
    readonly books: ForeignSubgraph;
    readonly authors: ForeignSubgraph;
    /** A gateway with a cache of its own over the same books and authors. */
    readonly open: (options?: Options) => Promise<Branch>;
  };

export type Branch = AsyncDisposable & {
  readonly gateway: GatewayUnderTest;
  readonly cache: Cache;
  readonly statuses: string[];
  readonly faults: Fault[];
  /** Of each entry that was compared with its subgraph, such as `books Query.book matches`. */
  readonly compared: string[];
  caller: Caller;
};

type Options = {
  readonly redisUrl?: string | undefined;
  readonly ages?: Partial<CacheSettings['ages']>;
  readonly store?: Partial<CacheSettings['store']>;
  readonly stream?: string;
  readonly shadowRate?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly env?: Record<string, string>;
  readonly limits?: GatewayParts['limits'];
  readonly caller?: Caller;
  /** No cache at all, for comparison. */
  readonly uncached?: true;
  /** Distinguishes what this test keeps from what others keep in the same Redis. */
  readonly secret?: string;
};

/** Two subgraphs over HTTP, some of whose answers may be kept. */
export async function startLibrary(): Promise<Library> {
  await using opening = new AsyncDisposableStack();
  const state: State = { titles: new Map(), names: new Map(), asked: [], delayMs: 0, failing: new Map() };
  const books = opening.use(await startForeign({ name: 'books', sdl: booksSdl, resolvers: bookResolvers(state) }));
  const authors = opening.use(await startForeign({ name: 'authors', sdl: authorsSdl, resolvers: authorResolvers(state) }));
  const sdl = composeForeign([books, authors], { books: booksSdl, authors: authorsSdl });
  // Names of keys depend on it, so that no two libraries share an entry.
  const secret = crypto.randomUUID();
  const opened = opening.move();
  return Object.assign(state, {
    sdl,
    books,
    authors,
    open: (options: Options = {}) => openBranch(sdl, { secret, ...options }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  });
}

const answering = async <Value>(state: State, name: string, value: () => Value): Promise<Value> => {
  state.asked.push(name);
  const failure = state.failing.get(name);
  if (failure !== undefined) throw new Error(failure);
  // Read at once and told late, as a slow service does it.
  const found = value();
  if (state.delayMs > 0) await pause(state.delayMs);
  return found;
};

function bookResolvers(state: State) {
  const book = (id: string) => ({
    id,
    title: state.titles.get(id) ?? `Book ${id}`,
    author: { id: `a${id}` },
    shelf: { name: `Shelf ${id}` },
  });
  const rename = (_: unknown, { id, title }: { id: string; title: string }) =>
    answering(state, `rename ${id}`, () => {
      state.titles.set(id, title);
      return book(id);
    });
  return {
    Query: {
      book: (_: unknown, { id }: { id: string }) => answering(state, `book ${id}`, () => book(id)),
      books: (_: unknown, { first }: { first: number }) =>
        answering(state, `books ${first}`, () => Array.from({ length: first }, (__, index) => book(String(index + 1)))),
      notice: () => answering(state, 'notice', () => ({ text: 'Closed on Sundays' })),
      diary: () => answering(state, 'diary', () => ({ text: `Entry ${state.asked.length}` })),
      clock: () => answering(state, 'clock', () => `Tick ${state.asked.length}`),
      large: (_: unknown, { size }: { size: number }) => answering(state, `large ${size}`, () => 'x'.repeat(size)),
    },
    Mutation: { rename, renameSilently: rename, renameDeclared: rename, renameTagged: rename },
  };
}

function authorResolvers(state: State) {
  const author = (id: string) => {
    const name = state.names.get(id);
    return name === null ? null : { id, name: name ?? `Author ${id}`, mood: 'well' };
  };
  return {
    Query: { author: (_: unknown, { id }: { id: string }) => answering(state, `author ${id}`, () => author(id)) },
    Author: { __resolveReference: ({ id }: { id: string }) => answering(state, `author ${id}`, () => author(id)) },
    Mutation: {
      renameAuthor: (_: unknown, { id, name }: { id: string; name: string }) =>
        answering(state, `renameAuthor ${id}`, () => {
          state.names.set(id, name);
          return author(id);
        }),
    },
  };
}

async function openBranch(sdl: string, options: Options): Promise<Branch> {
  await using opening = new AsyncDisposableStack();
  const statuses: string[] = [];
  const faults: Fault[] = [];
  const compared: string[] = [];
  const cache = opening.use(
    await openCache({
      settings: testSettings(options),
      clock: options.clock ?? systemClock,
      random: options.random ?? (() => 0),
      onLookup: ({ subgraph, status }) => statuses.push(`${subgraph} ${status}`),
      onCompared: ({ subgraph, name, result }) => compared.push(`${subgraph} ${name} ${result}`),
      onFault: ({ kind }) => faults.push(kind),
    }),
  );
  const branch = { caller: options.caller ?? administrator };
  const gateway = opening.use(
    await testGateway({
      sdl,
      identify: async () => branch.caller,
      ...(options.env && { env: options.env }),
      ...(options.limits && { limits: options.limits }),
      ...(options.uncached === undefined && { cache }),
    }),
  );
  const opened = opening.move();
  return Object.assign(branch, {
    gateway,
    cache,
    statuses,
    faults,
    compared,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  });
}

export const testSettings = ({
  redisUrl,
  ages = {},
  store = {},
  secret = 'secret',
  stream,
  shadowRate = 0,
}: Options): CacheSettings => ({
  secret,
  stream,
  shadowRate,
  ages: { maxAgeSeconds: 86_400, staleSeconds: 30, staleIfErrorSeconds: 600, negativeSeconds: 5, ...ages },
  store: {
    redisUrl,
    redisCaFile: undefined,
    maxEntries: 5_000,
    maxBytes: 32 * 1024 * 1024,
    nearMs: 2_000,
    readTimeoutMs: 1_000,
    writeTimeoutMs: 1_000,
    longestMs: 87_000_000,
    ...store,
  },
});
