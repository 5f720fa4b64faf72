import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '#gateway/config.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { openUpstream } from '#kit/rest-client.ts';
import { certificate } from '#test/harness/certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function ask(served: { key: string; cert: string }, ca: string | undefined): Promise<unknown> {
  const server = createServer(
    served,
    (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origins = [`https://localhost:${(server.address() as AddressInfo).port}`];
  await using upstream = openUpstream({
    service: 'things',
    origins,
    clock: systemClock,
    timeoutMs: 1_000,
    maxBytes: 1_000,
    connections: 1,
    ...(ca !== undefined && { ca }),
  });
  const client = upstream.forCall({ requestId: 'request-0001', signal: new AbortController().signal, caller: stranger });
  const answered = await client.get('/', { answer: z.object({ id: z.string() }) }).catch((error: { code: string }) => error.code);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return answered;
}

test('AU-11 SE-01 F26 a certificate is accepted only when its authority is trusted and its name is right', async () => {
  const right = certificate(folder, 'localhost');
  const wrongName = certificate(folder, 'elsewhere.example');
  expect(await ask(right, right.cert)).toEqual({ id: '1' });
  expect(await ask(right, undefined)).toBe('UPSTREAM_UNAVAILABLE');
  expect(await ask(wrongName, wrongName.cert)).toBe('UPSTREAM_UNAVAILABLE');
});

test('SE-01 nobody can turn that off, and who tries is told what to do', () => {
  expect(() => readConfig({ VERIFY_SSL: 'true' })).not.toThrow();
  expect(() => readConfig({ VERIFY_SSL: 'false' })).toThrow(/^VERIFY_SSL: cannot be turned off; .*_CA_FILE/m);
});
