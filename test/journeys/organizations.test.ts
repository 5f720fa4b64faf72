import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import { startEmbedded, storeKinds } from '#test/harness/organization-stores.ts';
import type { ProcessUnderTest } from '#test/harness/process.ts';
import { runProgram } from '#test/harness/process.ts';

type Variables = Readonly<Record<string, string>>;

const Issued = z.object({ secret: z.string(), key: z.object({ id: z.string() }) });
type Issued = z.infer<typeof Issued>;

async function cli(environment: Variables, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('ops/cli/main.ts', words, environment).ended;
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** An organization with the first of its keys, as an operator makes them. */
async function firstKey(environment: Variables): Promise<Issued> {
  await cli(environment, 'migrate');
  await cli(environment, 'org', 'create', 'nova-bio', '--plan', 'premium');
  return Issued.parse(JSON.parse(await cli(environment, 'key', 'create', 'nova-bio', '--scopes', 'full_access', '--json')));
}

async function openGateway(environment: Variables) {
  const gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ...environment });
  const url = /http:\S+/.exec(await gateway.printed('/graphql'))?.[0] ?? '';
  const ask = async (key: string, query: string) => {
    const headers = { 'content-type': 'application/json', 'x-api-key': key, 'user-agent': 'journey/1.0' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { data, errors = [] } = (await response.json()) as { data?: Record<string, unknown>; errors?: { message: string }[] };
    return { status: response.status, data, errors };
  };
  const issue = async (key: string, call: string): Promise<Issued> => {
    const { data, errors } = await ask(key, `mutation { issued: ${call} { secret key { id } } }`);
    expect(errors).toEqual([]);
    return Issued.parse(data?.['issued']);
  };
  /** Status of a request with a key: 200 while it is good. */
  const tried = async ({ secret }: Issued): Promise<number> => (await ask(secret, '{ viewer { subject } }')).status;
  return { gateway, ask, issue, tried };
}

async function stopped(gateway: ProcessUnderTest): Promise<string> {
  gateway.kill('SIGTERM');
  const { code, stdout, stderr } = await gateway.ended;
  expect(code).toBe(0);
  return stdout + stderr;
}

describe.each(storeKinds)('with the $name store', ({ isMissing, start }) => {
  test.skipIf(isMissing)(
    'a partner makes a key, rotates it and revokes it through the gateway, and each step holds at once',
    async () => {
      await using place = await start();
      const office = await firstKey(place.environment);
      const { gateway, ask, issue, tried } = await openGateway(place.environment);
      await using _ = gateway;
      const viewer = await ask(office.secret, '{ viewer { kind subject organization { id plan apiKeys { id } } } }');
      expect(viewer.data).toEqual({
        viewer: {
          kind: 'PARTNER',
          subject: office.key.id,
          organization: { id: 'nova-bio', plan: 'premium', apiKeys: [{ id: office.key.id }] },
        },
      });

      const first = await issue(office.secret, 'createApiKey(input: { name: "ci", scopes: ["read_only"] })');
      expect(await tried(first)).toBe(200);
      expect((await ask(first.secret, '{ samples(first: 1) { nodes { id } } }')).errors).toEqual([]);
      const raised = await ask(
        first.secret,
        'mutation { createApiKey(input: { name: "x", scopes: ["samples:read"] }) { secret } }',
      );
      expect([raised.data, raised.errors.length]).toEqual([{ createApiKey: null }, 1]);

      const second = await issue(office.secret, `rotateApiKey(id: "${first.key.id}")`);
      expect([await tried(first), await tried(second)]).toEqual([200, 200]);
      const third = await issue(office.secret, `rotateApiKey(id: "${second.key.id}", overlapHours: 0)`);
      expect([await tried(second), await tried(third)]).toEqual([401, 200]);
      for (const { key } of [first, third])
        expect((await ask(office.secret, `mutation { revokeApiKey(id: "${key.id}") { status } }`)).data).toEqual({
          revokeApiKey: { status: 'REVOKED' },
        });
      expect([await tried(first), await tried(third), await tried(office)]).toEqual([401, 401, 200]);

      const printed = await stopped(gateway);
      await using store = await openStore(readOrganizationSettings(place.environment));
      const events = await store.auditEvents({ limit: 50 });
      const ofKeys = events.filter(({ method, eventType }) => method === 'POST' && eventType === 'configuration_change');
      expect(ofKeys.map(({ endpoint }) => endpoint).sort()).toEqual(
        ['key.create', 'key.revoke', 'key.revoke', 'key.rotate', 'key.rotate'].sort(),
      );
      for (const event of ofKeys)
        expect(event).toMatchObject({
          actor: `key:${office.key.id}`,
          organizationId: 'nova-bio',
          sourceIp: '127.0.0.1',
          userAgent: 'journey/1.0',
          statusCode: 200,
        });
      const failed = events.filter(({ eventType }) => eventType === 'authentication');
      expect(failed.map(({ sourceIp, statusCode, actor }) => [sourceIp, statusCode, actor]).sort()).toEqual(
        [first, second, third].map(({ secret }) => ['127.0.0.1', 401, `key:${secret.slice(0, 12)}`]).sort(),
      );
      const kept = JSON.stringify([events, await store.keys('nova-bio')]) + printed;
      for (const { secret } of [office, first, second, third]) expect(kept).not.toContain(secret.slice(12));
    },
  );
});

test('with the subgraph in a process of its own, what it changes holds for the gateway too', async () => {
  await using place = await startEmbedded();
  const office = await firstKey(place.environment);
  await using subgraph = runProgram('subgraphs/main.ts', ['organizations', '--port', '0', '--json'], place.environment);
  const { url } = JSON.parse(await subgraph.printed('}'));
  const { gateway, ask, issue, tried } = await openGateway({ ...place.environment, ORGANIZATIONS_SUBGRAPH_URL: url });
  await using _ = gateway;
  const made = await issue(office.secret, 'createApiKey(input: { name: "ci", scopes: ["read_only"] })');
  expect(await tried(made)).toBe(200);
  await ask(office.secret, `mutation { revokeApiKey(id: "${made.key.id}") { id } }`);
  // Two processes without Redis: what the gateway knows of a key holds for five seconds.
  await expect.poll(() => tried(made), { timeout: 6_000, interval: 250 }).toBe(401);
  await stopped(gateway);
  await using store = await openStore(readOrganizationSettings(place.environment));
  const events = await store.auditEvents({ organizationId: 'nova-bio', limit: 50 });
  expect(events.filter(({ sourceIp }) => sourceIp === '127.0.0.1').map(({ endpoint }) => endpoint)).toEqual([
    'key.revoke',
    'key.create',
  ]);
});
