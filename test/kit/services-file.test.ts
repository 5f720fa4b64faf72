import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Call } from '#kit/call.ts';
import { callRate } from '#kit/call-rate.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import type { Credential } from '#kit/credential.ts';
import { openUpstream } from '#kit/rest-client.ts';
import { readServicesFile } from '#kit/services-file.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const sample = `{
  "github": {
    "base_url": "https://api.github.com",
    "auth_type": "bearer",
    "auth_config": { "location": "header", "key": "Authorization", "token": "\${GITHUB_TOKEN}" },
    "rate_limit": 5000,
    "timeout": 30,
    "circuit_breaker_enabled": true,
    "health_check_path": "/status"
  }
}`;

test('RC-02 AU-02 the documented entry loads unchanged, with its placeholder filled', () => {
  expect(readServicesFile(sample, { GITHUB_TOKEN: 'secret-1' }).get('github')).toEqual({
    url: 'https://api.github.com',
    credential: { kind: 'bearer', token: 'secret-1', header: 'Authorization' },
    callsPerMinute: 5_000,
    timeoutMs: 30_000,
    circuitBreaker: true,
    healthPath: '/status',
  });
});

test('AU-02 a variable that is not set stops the start by its name', () => {
  expect(() => readServicesFile(sample, {})).toThrow('GITHUB_TOKEN: is not set');
});

test.each([
  ['{"a":{"base_url":"file:///etc/passwd"}}', 'a.base_url'],
  ['{"a":{"base_url":"http://a","colour":"red"}}', 'colour'],
  ['{"a":{"base_url":"http://a","auth_type":"magic"}}', 'a.auth_type'],
  ['{"a":{"base_url":"http://a","auth_type":"bearer"}}', 'a.auth_config.token'],
  ['{"a":{"base_url":"http://a","auth_type":"api_key","auth_config":{"token":"x"}}}', 'a.auth_config.key'],
  ['{"a":{"base_url":"http://a","timeout":-1}}', 'a.timeout'],
])('%s is refused with the path of the field', (text, named) => {
  expect(() => readServicesFile(text, {})).toThrow(named);
});

const credentials: readonly (readonly [Credential, string, Record<string, string>])[] = [
  [{ kind: 'none' }, '/things', {}],
  [{ kind: 'passthrough' }, '/things', { authorization: 'Bearer caller' }],
  [{ kind: 'bearer', token: 't', header: 'Authorization' }, '/things', { authorization: 'Bearer t' }],
  [{ kind: 'api_key', location: 'header', name: 'X-Key', value: 'k' }, '/things', { 'x-key': 'k' }],
  [{ kind: 'api_key', location: 'query', name: 'key', value: 'k&k' }, '/things?key=k%26k', {}],
  [
    { kind: 'basic', username: 'u', password: 'p' },
    '/things',
    { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
  ],
];

test.each(credentials)('AU-01 the credential %j goes out as set', async (credential, url, headers) => {
  const seen: Record<string, unknown>[] = [];
  await using upstream = await startUpstream((request, response) => {
    seen.push({ ...request.headers });
    always(200, '{}')(request, response);
  });
  await using opened = openUpstream({
    service: 'things',
    origins: [upstream.url],
    clock: systemClock,
    timeoutMs: 1_000,
    maxBytes: 1_000,
    connections: 1,
    credential,
  });
  const call: Call = {
    requestId: 'request-0001',
    signal: new AbortController().signal,
    caller: stranger,
    authorization: 'Bearer caller',
  };
  await opened.forCall(call).get('/things', { answer: z.object({}) });
  expect(upstream.seen).toEqual([`GET ${url}`]);
  expect(seen[0]).toMatchObject(headers);
  if (!('authorization' in headers)) expect(seen[0]).not.toHaveProperty('authorization');
});

test('RL-01 calls over the rate of a minute fail and say when to come back', async () => {
  let now = 0;
  let passed = 0;
  const layer = callRate({ service: 'things', perMinute: 3, clock: { now: () => now } });
  const call = layer(async () => {
    passed += 1;
    return { status: 200, headers: {}, body: '' };
  });
  const request = { method: 'GET', path: '/', headers: {}, signal: new AbortController().signal } as const;
  for (let calls = 0; calls < 3; calls++) await call(request);
  now = 18_500;
  await expect(call(request)).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', extensions: { retryAfter: 42 } });
  now = 60_000;
  await call(request);
  expect(passed).toBe(4);
});
