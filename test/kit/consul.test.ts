import { expect, test } from 'vitest';
import { z } from 'zod';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { consulInstances } from '#kit/consul.ts';
import { openUpstream } from '#kit/rest-client.ts';
import { startConsul } from '#test/harness/consul.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

test('RC-03 RC-04 AU-08 calls follow the healthy instances that Consul tells, and its token goes to Consul only', async () => {
  await using left = await startUpstream(always(200, '{"id":"left"}'));
  await using right = await startUpstream(always(200, '{"id":"right"}'));
  await using consul = await startConsul();
  consul.change([left.url, right.url]);
  const changed: (readonly string[])[] = [];
  const failures: unknown[] = [];
  const source = consulInstances({
    service: 'things',
    url: consul.server.url,
    datacenter: 'chaos-world',
    token: 'secret',
    onFailure: (error) => failures.push(error),
  });
  const watched = {
    ...source,
    watch: (onChange: (origins: readonly string[]) => void) =>
      source.watch((origins) => {
        changed.push(origins);
        onChange(origins);
      }),
  };
  await using upstream = openUpstream({
    service: 'things',
    origins: watched,
    clock: systemClock,
    timeoutMs: 1_000,
    maxBytes: 1_000,
    connections: 4,
  });
  const ask = () =>
    upstream
      .forCall({ requestId: 'request-0001', signal: new AbortController().signal, caller: stranger })
      .get('/', { answer: z.object({ id: z.string() }) });
  for (let calls = 0; calls < 10; calls++) await ask();
  expect([left.seen.length, right.seen.length]).toEqual([5, 5]);
  expect(consul.server.seen[0]).toBe('GET /v1/health/service/things?passing=true&index=0&wait=30s&dc=chaos-world');
  expect(consul.tokens[0]).toBe('secret');

  consul.change([left.url]);
  await expect.poll(() => changed.at(-1)).toEqual([left.url]);
  for (let calls = 0; calls < 10; calls++) await ask();
  expect([left.seen.length, right.seen.length]).toEqual([15, 5]);

  consul.change([left.url], 403);
  await expect.poll(() => failures.length).toBeGreaterThan(0);
  await ask();
  expect(left.seen.length).toBe(16);
});

test('without an instance calls fail as unavailable', async () => {
  await using consul = await startConsul();
  const source = consulInstances({ service: 'things', url: consul.server.url, onFailure: () => undefined });
  await using upstream = openUpstream({
    service: 'things',
    origins: source,
    clock: systemClock,
    timeoutMs: 200,
    maxBytes: 1_000,
    connections: 4,
  });
  const client = upstream.forCall({ requestId: 'request-0001', signal: new AbortController().signal, caller: stranger });
  await expect(client.get('/', { answer: z.object({}) })).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});
