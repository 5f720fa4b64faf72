import { tracingChannel } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { ExpectedError } from '#kit/errors.ts';
import type { Step, ToldStep, TracePlace } from '#kit/tracing.ts';
import { stepChannel, tracePlace } from '#kit/tracing.ts';

export type TracingOptions = {
  /** Base address of an OTLP collector; `/v1/traces` is appended. */
  readonly endpoint: string;
  /** Sent with every export, such as the collector's credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Part of the traces begun here that is kept, 0 to 1; traces begun elsewhere follow their beginning. */
  readonly ratio: number;
  readonly environment: string;
};

/** What the last spans may take; a collector that is away must not hold up the end of a process. */
const patience = (): Promise<void> => setTimeout(2_000, undefined, { ref: false });

type Place = TracePlace & { readonly context: Context };

const kinds: Readonly<Record<Step['kind'], SpanKind>> = {
  request: SpanKind.SERVER,
  admission: SpanKind.INTERNAL,
  execution: SpanKind.INTERNAL,
  plan: SpanKind.INTERNAL,
  subgraph: SpanKind.INTERNAL,
  upstream: SpanKind.CLIENT,
};

/**
 * Makes spans of the steps that kit/tracing.ts tells and of the commands to Redis, and sends them to a collector by
 * OTLP over HTTP. Spans say which fields, services and codes; never a text of an error, a variable or a credential.
 */
export function openTracing(options: TracingOptions, onFailure: (error: unknown) => void): AsyncDisposable {
  const provider = providerFor(options);
  const tracer = provider.getTracer('lab-gateway');
  const spans = new WeakMap<object, Span>();
  const ends = endings(spans);
  const begin = (told: ToldStep): Place => {
    const span = startStep(tracer, told.step);
    spans.set(told, span);
    return placeOf(span);
  };
  stepChannel.start.bindStore(tracePlace, begin);
  stepChannel.subscribe(ends);
  const redis = redisSpans(tracer, spans);
  return {
    async [Symbol.asyncDispose]() {
      stepChannel.start.unbindStore(tracePlace);
      stepChannel.unsubscribe(ends);
      redis[Symbol.dispose]();
      await Promise.race([provider.shutdown().catch(onFailure), patience()]);
    },
  };
}

const providerFor = ({ endpoint, headers, serviceName, ratio, environment }: TracingOptions): TracerProvider =>
  new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'deployment.environment.name': environment }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, headers: { ...headers } }),
      }),
    ],
  });

function startStep(tracer: Tracer, { kind, name, attributes, traceparent }: Step): Span {
  const remote = traceparent === undefined ? undefined : remoteContext(traceparent);
  const parent = remote === undefined ? here() : trace.setSpanContext(ROOT_CONTEXT, remote);
  return tracer.startSpan(name, { kind: kinds[kind], ...(attributes && { attributes: { ...attributes } }) }, parent);
}

const here = (): Context => (tracePlace.getStore() as Place | undefined)?.context ?? ROOT_CONTEXT;

function placeOf(span: Span): Place {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const flags = traceFlags.toString(16).padStart(2, '0');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}`, context: trace.setSpan(ROOT_CONTEXT, span) };
}

/** W3C Trace Context, section 3.2: a header that is not understood begins no trace of its own kind. */
function remoteContext(traceparent: string): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = ''] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

type Ended = { readonly error?: unknown };

function endings(spans: WeakMap<object, Span>) {
  return {
    start() {},
    end() {},
    asyncStart() {},
    error: (told: ToldStep & Ended) => spans.get(told)?.setStatus({ code: SpanStatusCode.ERROR, message: nameOf(told.error) }),
    asyncEnd: (told: ToldStep) =>
      spans
        .get(told)
        ?.setAttributes({ ...told.told })
        .end(),
  };
}

/** The code of an error of ours, else what kind of error it is. */
function nameOf(error: unknown): string {
  if (error instanceof ExpectedError) return error.code;
  return error instanceof Error ? error.name : 'Error';
}

/** Commands to Redis within a request, as the client library tells them on its own channel. */
function redisSpans(tracer: Tracer, spans: WeakMap<object, Span>): Disposable {
  const channel = tracingChannel<unknown, object & { readonly command: string }>('ioredis:command');
  const subscriber = {
    start(message: object & { readonly command: string }) {
      if (tracePlace.getStore() === undefined) return;
      const name = message.command.toUpperCase();
      const attributes = { 'db.system.name': 'redis', 'db.operation.name': name };
      spans.set(message, tracer.startSpan(`redis ${name}`, { kind: SpanKind.CLIENT, attributes }, here()));
    },
    end() {},
    asyncStart() {},
    error: (message: object & Ended) =>
      void spans.get(message)?.setStatus({ code: SpanStatusCode.ERROR, message: nameOf(message.error) }),
    asyncEnd: (message: object) => spans.get(message)?.end(),
  };
  channel.subscribe(subscriber);
  return { [Symbol.dispose]: () => void channel.unsubscribe(subscriber) };
}
