import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readConfig } from '#gateway/config.ts';
import { traced } from '#kit/tracing.ts';
import { createLogger } from '#ops/logger.ts';
import { openTracing } from '#ops/tracing.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import type { UpstreamUnderTest } from '#test/harness/upstream.ts';
import { startUpstream } from '#test/harness/upstream.ts';

type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
};

type Collector = AsyncDisposable & { readonly url: string; readonly spans: Span[]; readonly headers: string[]; text: string };

/** Takes OTLP over HTTP, as JSON. */
async function startCollector(): Promise<Collector> {
  const found: Pick<Collector, 'spans' | 'headers' | 'text'> = { spans: [], headers: [], text: '' };
  const server: UpstreamUnderTest = await startUpstream((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      found.text += text;
      found.headers.push(`${request.url} ${request.headers['api-key']}`);
      for (const { scopeSpans } of JSON.parse(text).resourceSpans) for (const { spans } of scopeSpans) found.spans.push(...spans);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  return Object.assign(found, { url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() });
}

const settings = (endpoint: string, more: Record<string, string> = {}) => {
  const { tracing } = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b', ...more });
  if (tracing === undefined) throw new Error('no traces');
  return tracing;
};

const redisUrl = inject('redisUrl');

const fail = (error: unknown): never => {
  throw error;
};

const clientTrace = '0af7651916cd43dd8448eb211c80319c';
const clientSpan = 'b7ad6b7169203331';
const traceparent = `00-${clientTrace}-${clientSpan}-01`;
const attribute = ({ attributes }: Span, key: string): unknown =>
  Object.values(attributes.find((given) => given.key === key)?.value ?? {})[0];

let laboratory: LaboratoryUnderTest;
beforeAll(async () => {
  laboratory = await startLaboratory({ remote: ['templates'] });
});
afterAll(() => laboratory[Symbol.asyncDispose]());

const query = '{ samples(first: 2) { nodes { name template { name } } } }';

test('OB-49: a request is one trace from the client to the last upstream', async () => {
  await using collector = await startCollector();
  {
    await using _ = openTracing(settings(collector.url), fail);
    const { body } = await laboratory.gateway.query(query, {}, { traceparent });
    expect(body.errors).toBeUndefined();
  }
  const { spans } = collector;
  expect(collector.headers[0]).toBe('/v1/traces a b');
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([clientTrace]));
  const one = (name: string): Span => {
    const span = spans.find((candidate) => candidate.name === name);
    if (span === undefined) throw new Error(`no span ${name} among ${spans.map((known) => known.name)}`);
    return span;
  };
  const request = one('POST /graphql');
  expect(request.parentSpanId).toBe(clientSpan);
  expect(attribute(request, 'http.response.status_code')).toBe(200);
  expect(one('admission').parentSpanId).toBe(request.spanId);
  expect(one('execute').parentSpanId).toBe(request.spanId);
  expect(one('subgraph samples').parentSpanId).toBe(one('execute').spanId);
  expect(one('GET samples').parentSpanId).toBe(one('subgraph samples').spanId);
  // A subgraph over HTTP goes on with the trace that our call brings it.
  expect(one('POST templates').parentSpanId).toBe(one('subgraph templates').spanId);
  expect(one('POST templates-subgraph').parentSpanId).toBe(one('POST templates').spanId);
  expect(one('GET templates').parentSpanId).toBe(one('POST templates-subgraph').spanId);
});

test('a failed step says by which code, and no span has a variable, a token or the text of an error', async () => {
  await using collector = await startCollector();
  laboratory.faults('samples', { kind: 'secret' });
  {
    await using _ = openTracing(settings(collector.url), fail);
    await laboratory.gateway.query(
      'query Named($id: ID) { sample(id: $id) { name } }',
      { id: 'canary-in-a-variable' },
      { authorization: 'Bearer canary-in-a-token' },
    );
    await laboratory.gateway.query(query);
  }
  laboratory.faults('samples', []);
  expect(collector.spans.length).toBeGreaterThan(4);
  expect(collector.text).not.toMatch(/canary|hunter2|password/i);
});

test('a trace that its client does not keep is not kept here, nor one outside the chosen part', async () => {
  await using collector = await startCollector();
  {
    await using _ = openTracing(settings(collector.url), fail);
    await laboratory.gateway.query('{ __typename }', {}, { traceparent: `00-${clientTrace}-${clientSpan}-00` });
  }
  {
    await using _ = openTracing(settings(collector.url, { OTEL_TRACES_SAMPLER_ARG: '0' }), fail);
    await laboratory.gateway.query('{ __typename }');
    await laboratory.gateway.query('{ __typename }', {}, { traceparent: '00-nonsense' });
  }
  expect(collector.spans).toEqual([]);
});

test.skipIf(redisUrl === undefined)('commands to Redis are steps of the request that sends them, and no others', async () => {
  await using collector = await startCollector();
  const redis = new Redis(redisUrl ?? '');
  {
    await using _ = openTracing(settings(collector.url), fail);
    await redis.get('before');
    await traced({ kind: 'request', name: 'POST /graphql' }, () => redis.get('inside'));
  }
  redis.disconnect();
  const [command, request] = collector.spans;
  expect(collector.spans.map(({ name }) => name)).toEqual(['redis GET', 'POST /graphql']);
  expect(command?.parentSpanId).toBe(request?.spanId);
  expect(collector.text).not.toContain('inside');
});

test('OB-49: lines of a request carry the ids of its trace', async () => {
  await using collector = await startCollector();
  await using _ = openTracing(settings(collector.url), fail);
  const lines: string[] = [];
  const logger = createLogger({ level: 'info' }, { write: (line) => void lines.push(line) });
  await traced({ kind: 'request', name: 'POST /graphql', traceparent }, async () => logger.info('inside'));
  logger.info('outside');
  const [inside, outside] = lines.map((line) => JSON.parse(line));
  expect(inside).toMatchObject({ trace_id: clientTrace, span_id: expect.stringMatching(/^[\da-f]{16}$/) });
  expect(outside).not.toHaveProperty('trace_id');
});

test('a collector that is away costs no request and holds up no end', async () => {
  const tracing = openTracing(settings('http://127.0.0.1:9'), () => undefined);
  const { body } = await laboratory.gateway.query(query);
  expect(body.errors).toBeUndefined();
  await tracing[Symbol.asyncDispose]();
  // The exporter alone would try again for eight seconds.
}, 5_000);

test.for([
  [{ APM_ENABLED: 'true' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'file:///tmp' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'nonsense' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
  [{ OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG'],
] as const)('%j stops the start', ([environment, name]) => {
  expect(() => readConfig(environment)).toThrow(name);
});

test('OB-55: APM_ENABLED=false makes no traces', () => {
  expect(readConfig({ APM_ENABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).tracing).toBeUndefined();
  expect(readConfig({}).tracing).toBeUndefined();
});
