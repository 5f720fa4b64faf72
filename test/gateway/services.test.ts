import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '#gateway/config.ts';
import { openServices } from '#gateway/services.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { certificate } from '#test/harness/certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The sample service behind a certificate, and what follows the variables that name its files. */
async function startFollowing(files: Record<string, string>, served: { key: string; cert: string }) {
  const tokens: unknown[] = [];
  const server = createServer(served, (request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const environment = { SAMPLE_SERVICE_URL: url, SERVICES_POLL_MS: '600000', ...files };
  const outcomes: unknown[] = [];
  const services = await openServices({
    needed: ['samples'],
    config: readConfig(environment),
    environment,
    standIns: new Map(),
    onReload: (outcome) => outcomes.push(outcome),
  });
  const upstreams = await openUpstreams(services.settings, { clock: systemClock, onUnexpectedError: () => undefined });
  services.onServices(upstreams.replace);
  const call = { requestId: 'request-0001', signal: new AbortController().signal, caller: stranger };
  const client = upstreams.to('samples').forCall(call);
  return {
    tokens,
    outcomes,
    reload: services.reload,
    ask: () => client.get('/', { answer: z.object({ id: z.string() }) }).catch((error: { code: string }) => error.code),
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      await upstreams[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('SE-25 a file of certificates and one of a token are taken over while running, and what cannot be read changes nothing', async () => {
  const [ours, other] = [certificate(folder, 'localhost'), certificate(folder, 'elsewhere.example')];
  const [ca, token] = [join(folder, 'ca.pem'), join(folder, 'token')];
  writeFileSync(ca, other.cert);
  writeFileSync(token, 'first');
  await using service = await startFollowing({ SAMPLE_SERVICE_CA_FILE: ca, SAMPLE_SERVICE_TOKEN_FILE: token }, ours);
  expect(await service.ask()).toBe('UPSTREAM_UNAVAILABLE');

  writeFileSync(ca, ours.cert);
  await service.reload();
  expect(await service.ask()).toEqual({ id: '1' });
  writeFileSync(ca, 'no certificate');
  await expect(service.reload()).rejects.toThrow('SAMPLE_SERVICE_CA_FILE: holds no certificate in PEM');
  expect(await service.ask()).toEqual({ id: '1' });

  writeFileSync(ca, ours.cert);
  writeFileSync(token, 'second');
  await service.reload();
  await service.reload();
  expect(await service.ask()).toEqual({ id: '1' });
  expect(service.tokens).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
  expect(service.outcomes).toEqual([
    { ok: true, changed: ['samples'] },
    { ok: false, error: expect.any(Error) },
    { ok: true, changed: ['samples'] },
  ]);
});
