import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSource } from '#gateway/plan/open-source.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import type { GatewayUnderTest } from '#test/harness/gateway.ts';
import { testGateway } from '#test/harness/gateway.ts';

/** A folder of its own that is gone afterwards. */
async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  return {
    file: (name: string) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Writes beside and moves over, as deployments do. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await pause(25);
  }
  throw new Error('It did not come to hold within 5 s.');
}

const withPages = bookshop.books.sdl.replace('title: String!', 'title: String! pages: Int');
/** True once the field is part of the API; the subgraph itself never has it. */
const knowsPages = async (gateway: GatewayUnderTest): Promise<boolean> =>
  (await gateway.query('{ books { pages } }')).body.errors?.[0]?.extensions['code'] !== 'GRAPHQL_VALIDATION_FAILED';

test('AD-04 a newer supergraph file takes over without losing a request, a broken one leaves the old one serving', async () => {
  await using books = await startForeign(bookshop.books);
  await using folder = await scratch();
  const file = folder.file('supergraph.graphql');
  await writeFile(file, composeForeign([books]));
  const source = await openSource({
    path: file,
    list: undefined,
    pollMs: 20,
    listPollMs: 20,
    secret: developmentSecrets.SUBGRAPH_SECRET,
  });
  await using gateway = await testGateway({ source });
  expect(await knowsPages(gateway)).toBe(false);

  let running = true;
  const failures: string[] = [];
  const load = Array.from({ length: 8 }, async () => {
    while (running) {
      const { body, text } = await gateway.query('{ books(first: 20) { id title } }');
      if (body.errors !== undefined || body.data?.['books'] === undefined) failures.push(text);
    }
  });
  for (let swaps = 0; swaps < 5; swaps++) {
    await replace(file, composeForeign([books], { books: withPages }));
    await until(() => knowsPages(gateway));
    await replace(file, composeForeign([books]));
    await until(async () => !(await knowsPages(gateway)));
  }
  await replace(file, 'type Query { this: IsNoSupergraph }');
  await pause(200);
  running = false;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect((await gateway.query('{ books { id } }')).body.errors).toBeUndefined();
});

test('a list of live subgraphs is composed by asking each for its schema', async () => {
  await using books = await startForeign(bookshop.books);
  await using authors = await startForeign(bookshop.authors);
  await using folder = await scratch();
  const list = folder.file('subgraphs.json');
  await writeFile(list, JSON.stringify([books, authors].map(({ name, url }) => ({ name, url }))));
  const source = await openSource({
    path: undefined,
    list,
    pollMs: 50,
    listPollMs: 50,
    secret: developmentSecrets.SUBGRAPH_SECRET,
  });
  await using gateway = await testGateway({ source });
  const { body } = await gateway.query('{ book(id: "3") { title author { name } } }');
  expect(body).toEqual({ data: { book: { title: 'Book 3', author: { name: 'Author a3' } } } });
});

test('RC-01 AD-04 subgraphs come and go with the list, without losing a request', async () => {
  await using books = await startForeign(bookshop.books);
  await using authors = await startForeign(bookshop.authors);
  await using folder = await scratch();
  const list = folder.file('subgraphs.json');
  const write = (...subgraphs: readonly { readonly name: string; readonly url: string }[]) =>
    replace(list, JSON.stringify(subgraphs.map(({ name, url }) => ({ name, url }))));
  await write(books);
  const source = await openSource({
    path: undefined,
    list,
    pollMs: 50,
    listPollMs: 50,
    secret: developmentSecrets.SUBGRAPH_SECRET,
  });
  await using gateway = await testGateway({ source });
  const nameOf = async () => (await gateway.query('{ book(id: "3") { author { name } } }')).body;
  const isKnown = async () => (await nameOf()).errors === undefined;
  expect(await isKnown()).toBe(false);

  let running = true;
  const failures: string[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (running) {
      const { body, text } = await gateway.query('{ book(id: "3") { title } }');
      if (body.errors !== undefined) failures.push(text);
    }
  });
  await write(books, authors);
  await until(isKnown);
  expect((await nameOf()).data).toEqual({ book: { author: { name: 'Author a3' } } });
  await write(books);
  await until(async () => !(await isKnown()));
  await replace(list, '{ "this is": "no list"');
  await pause(200);
  running = false;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect((await gateway.query('{ book(id: "3") { title } }')).body.data).toEqual({ book: { title: 'Book 3' } });
});

test('a subgraph that does not tell its schema stops the start by name', async () => {
  await using folder = await scratch();
  const list = folder.file('subgraphs.json');
  await writeFile(list, JSON.stringify([{ name: 'away', url: 'http://127.0.0.1:1/graphql' }]));
  await expect(
    openSource({ path: undefined, list, pollMs: 50, listPollMs: 50, secret: developmentSecrets.SUBGRAPH_SECRET }),
  ).rejects.toThrow('The subgraph away did not tell its schema');
});

test('a supergraph that wants a subgraph this process has not stops the start', async () => {
  await using books = await startForeign(bookshop.books);
  const sdl = composeForeign([books]).replace(books.url, 'local:books');
  await expect(testGateway({ sdl })).rejects.toThrow('wants the subgraph books of this process');
});
