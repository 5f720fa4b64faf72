import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { logIn, serviceEnvironment } from '#test/bench/targets.ts';
import type { FaultProxy } from '#test/harness/fault-proxy.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { runProgram } from '#test/harness/process.ts';

/** A query for each service, beside a field that needs none of them. */
const queries = {
  samples: '{ __typename samples(first: 1) { totalCount } }',
  storage: '{ __typename storageLocations { name } }',
  templates: '{ __typename templates { name } }',
  sequencing: '{ __typename sequencingJobs(first: 1) { totalCount } }',
} as const;

type Name = keyof typeof queries;

const names = Object.keys(queries) as Name[];

/** From when a service is up again, with the circuit's own time of a minute. */
const boundMs = 30_000;

test('RE-04 RE-18 PF-10 services die, their circuits open, and soon after they are back they are used again', {
  timeout: 120_000,
}, async () => {
  await using opened = new AsyncDisposableStack();
  const sandbox = opened.use(await startSandbox({ ports: 'any' }));
  const proxies = new Map<string, FaultProxy>();
  for (const [name, url] of sandbox.urls)
    proxies.set(name, opened.use(await startFaultProxy({ port: Number(new URL(url).port) })));
  const strike = (services: readonly string[], kind: 'reset' | 'pass'): void => {
    for (const name of services) proxies.get(name)?.set({ kind });
  };
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const gateway = opened.use(
    runProgram('gateway/main.ts', [], {
      ...serviceEnvironment(Object.fromEntries([...proxies].map(([name, proxy]) => [name, proxy.url('http')]))),
      ENVIRONMENT: 'development',
      DATA_DIR: folder,
      GATEWAY_PORT: '0',
      CACHE_ENABLED: 'false',
      RATE_LIMIT_ENABLED: 'false',
    }),
  );
  const url = /http:\S+\/graphql/.exec(await gateway.printed('/graphql'))?.[0] ?? '';
  let credential = await logIn(url);
  const unseen = await logIn(url);
  const ask = async (name: Name): Promise<unknown> =>
    (
      await fetch(url, {
        method: 'POST',
        headers: { ...credential, 'content-type': 'application/json' },
        body: JSON.stringify({ query: queries[name] }),
      })
    ).json();
  const stateOf = async (name: Name): Promise<string | undefined> => {
    const text = await (await fetch(new URL('/metrics', url))).text();
    return new RegExp(`^circuit_breaker_state\\{service="${name}"\\} (\\S+)`, 'm').exec(text)?.[1];
  };
  const states = (): Promise<readonly unknown[]> => Promise.all(names.map(stateOf));
  expect(await states()).toEqual(['0', '0', '0', '0']);

  const askAll = (): Promise<readonly unknown[]> => Promise.all(names.map(ask));
  /** How long after it is up again each query is answered once more. */
  const backAfterMs = async (services: readonly string[]): Promise<readonly number[]> => {
    strike(services, 'pass');
    const since = Date.now();
    return Promise.all(
      names.map(async (name) => {
        await expect.poll(() => ask(name), { timeout: boundMs, interval: 200 }).not.toHaveProperty('errors');
        return Date.now() - since;
      }),
    );
  };

  strike(names, 'reset');
  const opens = async (): Promise<unknown> => {
    const partial = { data: { __typename: 'Query' }, errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] };
    expect(await askAll()).toMatchObject(names.map(() => partial));
    return states();
  };
  await expect.poll(opens, { timeout: 20_000, interval: 100 }).toEqual(['1', '1', '1', '1']);
  const servicesMs = await backAfterMs(names);
  const closes = (): Promise<unknown> => askAll().then(states);
  await expect.poll(closes).toEqual(['0', '0', '0', '0']);

  strike(['auth'], 'reset');
  // What was believed a moment ago is believed a while longer; this one nobody has asked for.
  credential = unseen;
  const refused = names.map(() => ({ errors: [{ extensions: { code: 'AUTH_UNAVAILABLE' } }] }));
  for (let times = 0; times < 5; times++) expect(await askAll()).toMatchObject(refused);
  const authMs = await backAfterMs(['auth']);
  process.stdout.write(`used again after ${[...servicesMs, ...authMs].join(', ')} ms\n`);
  for (const ms of [...servicesMs, ...authMs]) expect(ms).toBeLessThan(boundMs);
});
