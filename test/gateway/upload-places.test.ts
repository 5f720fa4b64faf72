import { request as openRequest } from 'node:http';
import multipart from '@fastify/multipart';
import Fastify from 'fastify';
import type { GraphQLScalarType } from 'graphql';
import { buildSchema, graphql } from 'graphql';
import { expect, test } from 'vitest';
import { memoryBudget } from '#kit/memory-budget.ts';
import { readMultipart } from '#kit/multipart-request.ts';
import { UploadScalar } from '#kit/scalars.ts';
import type { Upload } from '#kit/upload.ts';
import { compose } from '#schema/compose.ts';
import { testGateway } from '#test/harness/gateway.ts';

const types = `scalar Upload
  input Box { label: String, file: Upload, inner: [Box!] }
  type Query { nothing: Int }
  type Mutation { collect(files: [Upload!]!, box: Box): [String!]! }`;

type Box = { readonly file?: Upload; readonly inner?: readonly Box[] };
type Collected = { readonly files: readonly Upload[]; readonly box?: Box };

const uploadsIn = ({ file, inner = [] }: Box): readonly Upload[] => [...(file ? [file] : []), ...inner.flatMap(uploadsIn)];
const collect = ({ files, box = {} }: Collected): readonly string[] =>
  [...files, ...uploadsIn(box)].map(({ filename, bytes }) => `${filename}: ${Buffer.from(bytes)}`);

/** A subgraph over HTTP, not one of the laboratory's, that tells which files it was given. */
async function startCollector() {
  const schema = buildSchema(types);
  Object.assign(schema.getType('Upload') as GraphQLScalarType, { parseValue: UploadScalar.parseValue });
  const app = Fastify();
  const parts: number[] = [];
  app.register(multipart);
  app.post('/graphql', async (request) => {
    using memory = memoryBudget(1_000_000).open();
    const { operation } = await readMultipart({
      request,
      memory,
      limits: { maxUploadBytes: 1_000, maxUploads: 5, maxBodyBytes: 10_000 },
      readOperation: (text) => JSON.parse(text) as { query: string; variables: Record<string, unknown> },
      readJson: (text) => {
        const map = JSON.parse(text);
        parts.push(Object.keys(map).length);
        return map;
      },
    });
    return graphql({ schema, source: operation.query, rootValue: { collect }, variableValues: operation.variables });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { parts, url: `${app.listeningOrigin}/graphql`, [Symbol.asyncDispose]: () => app.close() };
}

async function startShop(env: Record<string, string> = {}) {
  await using opening = new AsyncDisposableStack();
  const collector = opening.use(await startCollector());
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9")';
  const { supergraph } = compose([{ name: 'collector', url: collector.url, sdl: `${link}\n${types}` }]);
  const gateway = opening.use(await testGateway({ sdl: supergraph, env }));
  const opened = opening.move();
  const send = (variables: object, map: Record<string, readonly string[]>) => {
    const form = new FormData();
    const query = 'mutation ($files: [Upload!]!, $box: Box) { collect(files: $files, box: $box) }';
    form.append('operations', JSON.stringify({ query, variables }));
    form.append('map', JSON.stringify(map));
    for (const name of Object.keys(map)) form.append(name, new Blob([`content of ${name}`]), `${name}.txt`);
    return gateway.send({ method: 'POST', body: form, headers: { 'apollo-require-preflight': '1' } });
  };
  return { collector, gateway, send, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test('files in lists and inside inputs reach a subgraph over HTTP, each sent once', async () => {
  await using shop = await startShop();
  const { body } = await shop.send(
    { files: [null, null], box: { label: 'x', inner: [{ file: null }, { inner: [{ file: null }] }] } },
    {
      a: ['variables.files.1', 'variables.box.inner.0.file'],
      b: ['variables.files.0', 'variables.box.inner.1.inner.0.file'],
    },
  );
  expect(body).toEqual({
    data: { collect: ['b.txt: content of b', 'a.txt: content of a', 'a.txt: content of a', 'b.txt: content of b'] },
  });
  expect(shop.collector.parts).toEqual([2]);
});

test('one file may stand where a list of files is wanted', async () => {
  await using shop = await startShop();
  const { body } = await shop.send(
    { files: null, box: { inner: { file: null } } },
    {
      a: ['variables.files', 'variables.box.inner.file'],
    },
  );
  expect(body).toEqual({ data: { collect: ['a.txt: content of a', 'a.txt: content of a'] } });
});

test.for(['variables.box.label', 'variables.box.inner.0', 'variables.box.other'])('%s is no place for a file', async (path) => {
  await using shop = await startShop();
  const box = { label: null, inner: [null], other: null };
  const { status, body } = await shop.send({ files: [null], box }, { a: ['variables.files.0'], b: [path] });
  expect([status, body.errors?.[0]?.message]).toEqual([400, `map: "${path}" is not an Upload in this operation.`]);
  expect(shop.collector.parts).toEqual([]);
});

test('more than all uploads may take at one time is refused as overload, and the memory is given back', async () => {
  await using shop = await startShop({ MAX_UPLOAD_MEMORY: '400' });
  const one = await shop.send({ files: [null] }, { a: ['variables.files.0'] });
  expect(one.body.errors).toBeUndefined();
  const many = await shop.send(
    { files: [null, null, null], box: { label: 'x'.repeat(200) } },
    { a: ['variables.files.0'], b: ['variables.files.1'], c: ['variables.files.2'] },
  );
  expect([many.status, many.body.errors?.[0]?.extensions['code']]).toEqual([503, 'OVERLOADED']);
  const again = await shop.send({ files: [null] }, { a: ['variables.files.0'] });
  expect(again.body.errors).toBeUndefined();
});

test('what a client had sent before it went away is given back', async () => {
  await using shop = await startShop({ MAX_UPLOAD_MEMORY: '400' });
  const status = async (): Promise<number> => (await shop.send({ files: [null] }, { a: ['variables.files.0'] })).status;
  const leaving = openRequest(`${shop.gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'apollo-require-preflight': '1', 'content-type': 'multipart/form-data; boundary=b' },
  });
  leaving.on('error', () => undefined);
  leaving.write(`--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ nothing } #${'x'.repeat(300)}`);
  await expect.poll(status).toBe(503);
  leaving.destroy();
  await expect.poll(status).toBe(200);
});
