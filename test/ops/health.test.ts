import Fastify from 'fastify';
import { expect, inject, test } from 'vitest';
import { systemClock } from '#kit/clock.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import type { ServiceName } from '#kit/service-names.ts';
import type { ReachableSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { openHealth } from '#ops/health/open-health.ts';
import { healthRoutes } from '#ops/health/routes.ts';
import { openInstruments } from '#ops/instruments.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const redisUrl = inject('redisUrl');

const log = { level: 'silent', file: undefined, maxBytes: 1, keep: 1, maxWaiting: 1, access: false, slowSeconds: 1 };

const fine = always(200, '{"status":"healthy"}');

type Options = {
  readonly services: Partial<Record<ServiceName, Partial<ReachableSettings> & { readonly url: string }>>;
  readonly critical?: readonly string[];
  readonly redis?: string;
  readonly timeoutMs?: number;
  readonly ping?: () => Promise<void>;
  readonly isDraining?: () => boolean;
  readonly hasKeys?: () => boolean;
  readonly isLoaded?: () => boolean;
};

/** Health of a process over the given services, asked ten times a second. */
async function watch({ services, critical = [], redis, timeoutMs = 200, ...given }: Options) {
  const instruments = await openInstruments({ settings: log, clock: systemClock });
  const store = openEmbeddedStore(':memory:');
  const health = await openHealth({
    settings: { everyMs: 100, timeoutMs, critical: new Set(critical) },
    instruments,
    clock: systemClock,
    services: new Map(
      Object.entries(services).map(([name, settings]) => [
        name as ServiceName,
        { ...readUpstreamSettings(name as ServiceName, {}), ...settings },
      ]),
    ),
    redis: { url: redis, caFile: undefined },
    organizations: { store: { ping: given.ping ?? store.ping } },
    storeName: 'database',
    hasKeys: given.hasKeys ?? (() => true),
    isLoaded: given.isLoaded ?? (() => true),
    isDraining: given.isDraining ?? (() => false),
    version: '1.2.3',
  });
  const app = Fastify();
  healthRoutes(app, '/health', { health });
  const get = async (url: string) => {
    const answer = await app.inject({ url });
    return { status: answer.statusCode, body: answer.json() };
  };
  return {
    get,
    instruments,
    services: () => health.brief()['services'],
    async [Symbol.asyncDispose]() {
      await app.close();
      await health[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await instruments[Symbol.asyncDispose]();
    },
  };
}

test('HE-01 HE-04 HE-05 health tells status, time, version, each dependency and how long it took', async () => {
  await using samples = await startUpstream(fine);
  await using watched = await watch({ services: { samples } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: 'healthy', database: 'healthy' });
  const { status, body } = await watched.get('/health');
  expect(status).toBe(200);
  expect(body).toEqual({
    status: 'healthy',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    version: '1.2.3',
    services: { samples: 'healthy', database: 'healthy', supergraph: 'healthy', credentials: 'healthy' },
    response_time_ms: expect.any(Number),
  });
  expect(body.response_time_ms).toBeGreaterThanOrEqual(0);
});

test('HE-10 each service is asked at its own path, once at the start and then at each interval, without a credential', async () => {
  const authorizations: unknown[] = [];
  const note = (request: Parameters<typeof fine>[0], response: Parameters<typeof fine>[1]) => {
    authorizations.push(request.headers.authorization);
    fine(request, response);
  };
  await using samples = await startUpstream(note);
  await using rag = await startUpstream(note);
  await using graph = await startUpstream(note);
  await using storage = await startUpstream(note);
  await using _ = await watch({
    services: {
      samples,
      rag,
      graph: { ...graph, token: 'canary' },
      storage: { ...storage, healthPath: '/status', prefix: '/v2' },
    },
  });
  await expect.poll(() => samples.seen.length).toBeGreaterThan(2);
  expect([samples, rag, graph, storage].map(({ seen }) => seen[0])).toEqual([
    'GET /health',
    'GET /api/v1/health',
    'GET /api/v1/public/health',
    'GET /status',
  ]);
  expect(authorizations.every((given) => given === undefined)).toBe(true);
});

test.each([
  ['an error', always(500, 'secret-host:5432 is down', { 'content-type': 'text/plain' }), 'answers with an error'],
  ['no health', always(404, '{}'), 'answers with an error'],
  ['a refusal', always(401, '{}'), 'refuses this gateway'],
  ['its own word', always(200, '{"status":"unhealthy: secret-host is down"}'), 'calls itself unhealthy'],
  ['nothing in time', () => undefined, 'timed out'],
] as const)('HE-04 HE-09 a service that answers %s is unhealthy, for a reason that names nobody', async (_, handle, reason) => {
  await using samples = await startUpstream(handle);
  await using watched = await watch({ services: { samples } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: `unhealthy: ${reason}` });
  const [brief, detailed] = await Promise.all([watched.get('/health'), watched.get('/health/detailed')]);
  expect([brief.status, brief.body.status]).toEqual([200, 'degraded']);
  expect(JSON.stringify([brief, detailed])).not.toMatch(/secret-host|127\.0\.0\.1|5432/);
});

test('an answer in plain text is an answer', async () => {
  await using samples = await startUpstream(always(200, 'OK', { 'content-type': 'text/plain' }));
  await using watched = await watch({ services: { samples } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: 'healthy' });
});

test('HE-06 HE-07 what is critical makes it unhealthy with 503, what is not leaves it degraded with 200', async () => {
  const gone = { url: 'http://127.0.0.1:1' };
  await using samples = await startUpstream(fine);
  await using degraded = await watch({ services: { samples, rag: gone }, critical: ['samples'] });
  await using unhealthy = await watch({ services: { samples, graph: gone }, critical: ['graph'] });
  await expect.poll(() => degraded.services()).toMatchObject({ rag: 'unhealthy: cannot be reached' });
  await expect.poll(() => unhealthy.services()).toMatchObject({ graph: 'unhealthy: cannot be reached' });
  expect(await degraded.get('/health')).toMatchObject({ status: 200, body: { status: 'degraded' } });
  expect(await unhealthy.get('/health')).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
  expect(await unhealthy.get('/health/detailed')).toMatchObject({ status: 503 });
  expect(await unhealthy.get('/ready')).toMatchObject({ status: 200 });
  expect(await unhealthy.get('/live')).toEqual({ status: 200, body: { status: 'alive' } });
});

test('HE-12 RE-14 a service that comes back is heard of within one interval', async () => {
  let handle = always(503, '{}');
  await using samples = await startUpstream((request, response) => handle(request, response));
  await using watched = await watch({ services: { samples } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: 'unhealthy: answers with an error' });
  handle = fine;
  await expect.poll(() => watched.services(), { timeout: 1_000 }).toMatchObject({ samples: 'healthy' });
});

test('a call that went well is heard at once', async () => {
  await using watched = await watch({ services: { samples: { url: 'http://127.0.0.1:1' } } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: 'unhealthy: cannot be reached' });
  const call = { service: 'samples', method: 'GET', path: '/samples', organization: 'lab', seconds: 0.1 };
  watched.instruments.onCall({ ...call, code: 'UPSTREAM_TIMEOUT' });
  expect(watched.services()).toMatchObject({ samples: 'unhealthy: cannot be reached' });
  watched.instruments.onCall({ ...call, status: 200 });
  expect(watched.services()).toMatchObject({ samples: 'healthy' });
});

test('HE-02 HE-03 G3 ready only with a supergraph, with keys, and while nothing is drained; alive always', async () => {
  const state = { isLoaded: false, hasKeys: false, isDraining: false };
  await using watched = await watch({
    services: {},
    isLoaded: () => state.isLoaded,
    hasKeys: () => state.hasKeys,
    isDraining: () => state.isDraining,
  });
  const seen: unknown[] = [];
  const look = async () => seen.push([(await watched.get('/ready')).status, (await watched.get('/live')).status]);
  await look();
  state.isLoaded = true;
  await look();
  state.hasKeys = true;
  await look();
  state.isDraining = true;
  expect(await watched.get('/ready')).toEqual({ status: 503, body: { status: 'not ready' } });
  await look();
  state.isDraining = false;
  await look();
  expect(seen).toEqual([
    [503, 200],
    [503, 200],
    [200, 200],
    [503, 200],
    [200, 200],
  ]);
});

test.skipIf(redisUrl === undefined)(
  'G3 RE-16 without Redis, and without the database, it is ready and degraded, until they are back',
  async () => {
    await using proxy = await startFaultProxy({ port: Number(new URL(redisUrl ?? '').port) });
    let isThere = true;
    await using watched = await watch({
      services: {},
      redis: proxy.url('redis'),
      ping: async () => {
        if (!isThere) throw new Error('mongodb://user:canary@secret-host');
      },
    });
    await expect.poll(() => watched.services()).toMatchObject({ redis: 'healthy', database: 'healthy' });
    proxy.set({ kind: 'reset' });
    isThere = false;
    await expect
      .poll(() => watched.services())
      .toMatchObject({
        redis: expect.stringMatching(/^unhealthy: (cannot be reached|timed out)$/),
        database: 'unhealthy: cannot be reached',
      });
    expect(await watched.get('/ready')).toMatchObject({ status: 200 });
    const { status, body } = await watched.get('/health');
    expect([status, body.status]).toEqual([200, 'degraded']);
    expect(JSON.stringify(body)).not.toContain('canary');
    proxy.set({ kind: 'pass' });
    isThere = true;
    await expect.poll(() => watched.services(), { timeout: 8_000 }).toMatchObject({ redis: 'healthy', database: 'healthy' });
  },
);

test('detailed health has the shape of the gateway before this one', async () => {
  await using samples = await startUpstream(fine);
  await using watched = await watch({ services: { samples, rag: { url: 'http://127.0.0.1:1', recoverySeconds: 60 } } });
  await expect.poll(() => watched.services()).toMatchObject({ samples: 'healthy', rag: 'unhealthy: cannot be reached' });
  watched.instruments.onCall({
    service: 'rag',
    method: 'GET',
    path: '/',
    organization: '',
    seconds: 1,
    code: 'UPSTREAM_TIMEOUT',
  });
  watched.instruments.onBreakerChange('rag', 'open');
  const { body } = await watched.get('/health/detailed');
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(body).toEqual({
    status: 'degraded',
    service: 'api-gateway',
    version: '1.2.3',
    services: {
      overall_health: 'degraded',
      healthy_services: 1,
      total_services: 2,
      timestamp: time,
      services: {
        samples: {
          healthy: true,
          status_code: 200,
          response_time: expect.any(Number),
          last_check: time,
          circuit_breaker_state: 'closed',
        },
        rag: {
          healthy: false,
          status_code: null,
          response_time: expect.any(Number),
          last_check: time,
          circuit_breaker_state: 'open',
          error: 'cannot be reached',
        },
      },
    },
    circuit_breakers: {
      samples: { state: 'closed', failure_count: 0, last_failure_time: null, next_attempt_time: null },
      rag: { state: 'open', failure_count: 1, last_failure_time: time, next_attempt_time: time },
    },
    database: { status: 'healthy', pool_size: null, active_connections: null },
  });
  const { last_failure_time: failed, next_attempt_time: next } = body.circuit_breakers.rag;
  expect(Date.parse(next) - Date.parse(failed)).toBeGreaterThanOrEqual(60_000);
});

test('what a service does not answer keeps nobody waiting', async () => {
  await using samples = await startUpstream(() => undefined);
  const began = performance.now();
  await using watched = await watch({ services: { samples }, timeoutMs: 5_000 });
  expect(await watched.get('/health')).toMatchObject({
    status: 200,
    body: { services: { samples: 'unhealthy: not asked yet' } },
  });
  expect(performance.now() - began).toBeLessThan(2_000);
});
