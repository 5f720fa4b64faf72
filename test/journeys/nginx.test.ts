import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { describeWith } from '#test/harness/deployment.ts';
import { freePort } from '#test/harness/find-store.ts';
import type { NginxUnderTest } from '#test/harness/nginx.ts';
import { startNginx } from '#test/harness/nginx.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

/** How often both gateways are restarted: `ROLLINGS=10` for the long run. */
const rollings = Number(process.env['ROLLINGS'] ?? 1);
const key = 'lg_test_HelixLabsEnterprisePlanDevKey001';

describeWith('nginx')('two gateways behind nginx', () => {
  const opened = new AsyncDisposableStack();
  let sandbox: Sandbox;
  let ports: readonly number[];
  let gateways: ProcessUnderTest[];
  let nginx: NginxUnderTest;

  async function startGateway(port: number): Promise<ProcessUnderTest> {
    const data = mkdtempSync(join(tmpdir(), 'lab-gateway-data-'));
    opened.defer(() => rmSync(data, { recursive: true }));
    const services = [...sandbox.urls].map(([name, url]) => [`${name.replace(/s$/, '').toUpperCase()}_SERVICE_URL`, url]);
    const gateway = runProgram('gateway/main.ts', [], {
      GATEWAY_PORT: String(port),
      ADMIN_PORT: '0',
      DATA_DIR: data,
      TRUSTED_PROXIES: 'loopback',
      RATE_LIMIT_ENABLED: 'false',
      SHUTDOWN_DELAY: '500',
      ...Object.fromEntries(services),
    });
    opened.use(gateway);
    await gateway.printed('/graphql');
    return gateway;
  }

  beforeAll(async () => {
    sandbox = opened.use(await startSandbox({ ports: 'any' }));
    ports = [await freePort(), await freePort()];
    gateways = await Promise.all(ports.map(startGateway));
    nginx = opened.use(await startNginx(ports.map((port) => `127.0.0.1:${port}`)));
  });

  afterAll(() => opened.disposeAsync());

  async function ask(path = '/graphql', query = '{ samples(first: 2) { nodes { name } } }') {
    const { statusCode, headers, body } = await nginx.agent.request({
      origin: nginx.url,
      path,
      method: 'POST',
      // A connection for each, as of many clients; one that is kept may be closed by nginx just when it is used.
      reset: true,
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ query }),
    });
    return { status: statusCode, headers, text: await body.text() };
  }

  test('answers come over TLS under both paths, and metrics and administration do not', async () => {
    for (const path of ['/graphql', '/api/v1/public/graphql'])
      expect(await ask(path)).toMatchObject({ status: 200, text: expect.stringContaining('"nodes":[{"name":') });
    for (const path of ['/metrics', '/admin/cache/invalidate', '/health/detailed'])
      expect(await ask(path)).toMatchObject({ status: 404, text: expect.stringContaining('NOT_FOUND') });
  });

  test('SE-12 SE-13 every answer has the headers of a browser’s safety once, also those of nginx itself', async () => {
    for (const path of ['/graphql', '/nothing'])
      expect((await ask(path)).headers).toMatchObject({
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'strict-origin-when-cross-origin',
      });
  });

  test(
    `DE-17 rolling restart by SIGTERM alone: ${rollings} of both gateways under load, and every request is answered`,
    async () => {
      const outcomes: string[] = [];
      const loading = new AbortController();
      const client = async (): Promise<void> => {
        while (!loading.signal.aborted) {
          const outcome = await ask().then(
            ({ status, text }) =>
              status === 200 && text.includes('"nodes":[{') && !text.includes('"errors"') ? 'well' : `${status} ${text}`,
            String,
          );
          outcomes.push(outcome);
          await pause(5);
        }
      };
      const clients = Array.from({ length: 8 }, client);
      await pause(500);
      for (let rolling = 0; rolling < rollings; rolling++) {
        for (const [index, port] of ports.entries()) {
          gateways[index]?.kill('SIGTERM');
          expect((await gateways[index]?.ended)?.code).toBe(0);
          gateways[index] = await startGateway(port);
          // The other one may go only when nginx has found out that this one is back.
          const before = nginx.served(`127.0.0.1:${port}`);
          await expect.poll(() => nginx.served(`127.0.0.1:${port}`), { timeout: 20_000 }).toBeGreaterThan(before + 50);
        }
      }
      loading.abort();
      await Promise.all(clients);
      expect(outcomes.filter((outcome) => outcome !== 'well')).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(200 * rollings);
    },
    60_000 + rollings * 60_000,
  );

  test('with no gateway at all the answer is JSON with a time to come back', async () => {
    for (const gateway of gateways) gateway.kill('SIGTERM');
    await Promise.all(gateways.map(({ ended }) => ended));
    const { status, headers, text } = await ask();
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
  });
});
