import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ForeignSubgraph } from './foreign.ts';
import { bookshop, composeForeign, startForeign } from './foreign.ts';
import type { ProcessUnderTest } from './process.ts';
import { runProgram } from './process.ts';

/** Limits that no test of processes meets. */
const plan = { requestsPerMinute: 1e6, capacity: 1e6, restorePerSecond: 1e5, maxQueryCost: 1_000, maxInFlight: 1_000 };

export type ServingProcess = ProcessUnderTest & {
  /** Origin, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly ask: (query?: string, init?: RequestInit) => Promise<Response>;
};

export type ServedBookshop = AsyncDisposable & {
  readonly books: ForeignSubgraph;
  /** A file beside the supergraph. */
  readonly file: (name: string) => string;
  /** Writes a file beside and moves it over, as deployments do. */
  readonly replace: (name: string, text: string) => Promise<void>;
  /** Starts a gateway process over it that asks nobody for a credential. It is killed at the end when it still runs. */
  readonly start: (env?: Record<string, string>) => Promise<ServingProcess>;
};

/** The books of the bookshop, and what gateway processes need to serve them. */
export async function serveBookshop(): Promise<ServedBookshop> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const books = opening.use(await startForeign(bookshop.books));
  const file = (name: string): string => join(folder, name);
  await writeFile(file('supergraph.graphql'), composeForeign([books]));
  await writeFile(file('plans.json'), JSON.stringify({ default: plan, anonymous: plan }));
  const started = opening.use(new AsyncDisposableStack());
  const opened = opening.move();
  return {
    books,
    file,
    async replace(name, text) {
      await writeFile(file(`${name}.new`), text);
      await rename(file(`${name}.new`), file(name));
    },
    async start(env = {}) {
      const running = started.use(
        runProgram('gateway/main.ts', [], {
          GATEWAY_PORT: '0',
          SUPERGRAPH_PATH: file('supergraph.graphql'),
          PLANS_PATH: file('plans.json'),
          DATA_DIR: folder,
          PUBLIC_FIELDS: 'Query.book,Query.books,Query.echo',
          // Each request is to have a call of its own.
          CACHE_ENABLED: 'false',
          ...env,
        }),
      );
      const banner = await running.printed('/graphql');
      const url = new URL(/http:\S+/.exec(banner)?.[0] ?? '').origin;
      const ask: ServingProcess['ask'] = (query = '{ book(id: 1) { title } }', init) =>
        fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
          ...init,
        });
      return { ...running, url, ask };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Runs a piece of JavaScript in the process that gets SIGUSR2. */
export const onUserSignal = (script: string): Record<string, string> => ({
  NODE_OPTIONS: `--import ${JSON.stringify(`data:text/javascript,process.on('SIGUSR2', () => { ${script} })`).replaceAll(' ', '%20')}`,
});
