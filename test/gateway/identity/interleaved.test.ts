import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { assertionHeader, assertionReader } from '#kit/assertion.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { compose } from '#schema/compose.ts';
import { bookshop } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { bearer, claims, key, testIdentity, token } from '#test/harness/identity.ts';
import { startUpstream } from '#test/harness/upstream.ts';

test('C10: of a hundred interleaved requests of different callers each is answered as its own', async () => {
  const read = assertionReader(developmentSecrets.SUBGRAPH_SECRET, 'books');
  const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await json(request);
    const { organization, subject } = (await read(String(request.headers[assertionHeader]))).caller;
    await pause(Math.random() * 30);
    const data = { echo: `${organization} ${subject} ${request.headers.authorization?.slice(-8)}` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
  };
  await using subgraph = await startUpstream((request, response) => void echo(request, response));
  const { supergraph } = compose([{ name: 'books', url: subgraph.url, sdl: bookshop.books.sdl }]);
  // Nothing is remembered between requests, so that identities are found out while others are under way.
  await using identity = await testIdentity({ keepMs: 0, planOf: async () => pause(Math.random() * 10, 'default') });
  await using gateway = await testGateway({ sdl: supergraph, identify: identity.identify });
  const askers = [
    { headers: { 'x-api-key': key('A') }, expected: 'acme-genomics key-of-acme-genomics undefined' },
    { headers: { 'x-api-key': key('B') }, expected: 'helix-labs key-of-helix-labs undefined' },
    ...Array.from({ length: 8 }, (_, index) => {
      const given = token(claims({ sub: `person-${index}`, ...(index % 2 === 0 && { org: `org-${index}` }) }));
      return {
        headers: bearer(given),
        expected: `${index % 2 === 0 ? `org-${index}` : 'lab'} person-${index} ${given.slice(-8)}`,
      };
    }),
  ];
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const { headers, expected } = askers[index % askers.length] ?? { headers: {}, expected: '' };
      await pause(Math.random() * 20);
      const { body } = await gateway.query('{ echo(text: "who") }', {}, { ...headers } as Record<string, string>);
      return { expected, found: body.data?.['echo'] };
    }),
  );
  expect(answers.filter(({ expected, found }) => expected !== found)).toEqual([]);
  expect(subgraph.peak()).toBeGreaterThan(5);
});
