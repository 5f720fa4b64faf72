import { mkdtemp, rm } from 'node:fs/promises';
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { path } from '#kit/path.ts';
import { openUpstream } from '#kit/rest-client.ts';
import { certificate } from '#test/harness/certificate.ts';

const Thing = z.object({ id: z.string() });

let folder: string;
let proof: ReturnType<typeof certificate>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-http2-'));
  proof = certificate(folder, 'localhost');
});

afterAll(() => rm(folder, { recursive: true }));

type Handle = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** A server that offers HTTP/2, and a client of it; both over TLS, on which the protocol is agreed. */
async function offering(handle: Handle, options: { readonly timeoutMs?: number } = {}) {
  const sessions: Http2Session[] = [];
  const versions: string[] = [];
  const server = createSecureServer({ ...proof, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion);
    handle(request, response);
  });
  server.on('session', (session) => sessions.push(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream = openUpstream({
    service: 'things',
    origins: [`https://localhost:${(server.address() as AddressInfo).port}`],
    clock: systemClock,
    timeoutMs: options.timeoutMs ?? 5_000,
    maxBytes: 10_000,
    connections: 4,
    ca: proof.cert,
  });
  const call = { requestId: 'request-0001', signal: new AbortController().signal, caller: stranger };
  return {
    sessions,
    versions,
    get: (id: string) => upstream.forCall(call).get(path`/things/${id}`, { answer: Thing }),
    async [Symbol.asyncDispose]() {
      await upstream[Symbol.asyncDispose]();
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

const answer: Handle = ({ url }, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ id: url.split('/').at(-1) }));
};

const ids = Array.from({ length: 60 }, (_, index) => `thing-${index}`);

test('many calls at a time share connections that are no more than allowed, and each gets its own answer', async () => {
  await using things = await offering((request, response) => void setImmediate(() => answer(request, response)));
  const found = await Promise.all(ids.map((id) => things.get(id)));
  expect(found.map(({ id }) => id)).toEqual(ids);
  expect(new Set(things.versions)).toEqual(new Set(['2.0']));
  expect(things.sessions.length).toBeLessThanOrEqual(4);
});

test('a call that is never answered ends at its deadline, and those beside it do not', async () => {
  await using things = await offering(
    (request, response) => {
      if (!request.url.endsWith('/never')) answer(request, response);
    },
    { timeoutMs: 500 },
  );
  await things.get('first');
  const never = things.get('never').catch((error: unknown) => error);
  const others = ids.map((id) => things.get(id));
  expect((await Promise.all(others)).map(({ id }) => id)).toEqual(ids);
  expect(await never).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  expect(await things.get('later')).toEqual({ id: 'later' });
});

test('a body over the limit is not read on, and the connection serves the next call', async () => {
  await using things = await offering((request, response) => {
    if (!request.url.endsWith('/long')) return answer(request, response);
    response.setHeader('content-type', 'application/json');
    const more = (): void => {
      while (response.writable && response.write('x'.repeat(4_000)));
      response.once('drain', more);
    };
    more();
  });
  await expect(things.get('long')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
  expect(await things.get('short')).toEqual({ id: 'short' });
});

test('a server that breaks the connection is unavailable for the calls on it, and asked anew by the next', async () => {
  const broken: string[] = [];
  await using things = await offering((request, response) => {
    if (!request.url.endsWith('/breaks')) return answer(request, response);
    broken.push(request.url);
    request.stream.session?.destroy();
  });
  await things.get('first');
  await expect(things.get('breaks')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  expect(await things.get('later')).toEqual({ id: 'later' });
  expect(broken).toEqual(['/things/breaks']);
});

test('a server that says goodbye ends what it has begun, and the next calls take another connection', async () => {
  await using things = await offering((request, response) => {
    if (request.url.endsWith('/last')) request.stream.session?.goaway();
    setTimeout(() => answer(request, response), 20);
  });
  await things.get('first');
  expect(await things.get('last')).toEqual({ id: 'last' });
  expect(await Promise.all(ids.slice(0, 5).map((id) => things.get(id)))).toHaveLength(5);
  expect(things.sessions.length).toBeGreaterThan(1);
});
