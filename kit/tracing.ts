import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import type { Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';

/* Steps of a request, told to whoever listens (ops/tracing.ts). While nobody does, a step costs one look at a flag. */

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export type Step = {
  readonly kind: 'request' | 'admission' | 'execution' | 'plan' | 'subgraph' | 'upstream';
  /** One of few: what differs from request to request stands in attributes. */
  readonly name: string;
  readonly attributes?: Attributes;
  /** The trace that a request came with (W3C Trace Context, section 3.2), as the client sent it. */
  readonly traceparent?: string;
};

/** What a step is told as: `told` may be set until the step ends. */
export type ToldStep = { readonly step: Step; told?: Attributes };

/** Where we are in a trace. */
export type TracePlace = {
  /** For the headers of further calls. */
  readonly traceparent: string;
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
};

export const stepChannel = tracingChannel<unknown, ToldStep>('lab-gateway:step');

/** Set by who listens. */
export const tracePlace = new AsyncLocalStorage<TracePlace>();

/** Undefined while nobody listens. */
export const currentTrace = (): TracePlace | undefined => tracePlace.getStore();

/** Runs a step; `telling` says at its end what was not known before. */
export function traced<Result>(
  step: Step,
  run: () => Promise<Result>,
  telling?: (result: Result) => Attributes,
): Promise<Result> {
  if (!stepChannel.hasSubscribers) return run();
  const told: ToldStep = { step };
  const whole = async (): Promise<Result> => {
    const result = await run();
    if (telling !== undefined) told.told = telling(result);
    return result;
  };
  return stepChannel.tracePromise(whole, told) as Promise<Result>;
}

/** Each call to the network is a step, and what is called hears of it. */
export const tracesCalls =
  (service: string): Layer<RestRequest, RestResponse> =>
  (next) =>
  (request) => {
    if (!stepChannel.hasSubscribers) return next(request);
    const { method, path } = request;
    const attributes = { 'peer.service': service, 'http.request.method': method, 'url.path': path.replace(/\?.*$/, '') };
    return traced(
      { kind: 'upstream', name: `${method} ${service}`, attributes },
      () => next(continued(request)),
      ({ status }) => ({ 'http.response.status_code': status }),
    );
  };

function continued(request: RestRequest): RestRequest {
  const place = currentTrace();
  return place === undefined ? request : { ...request, headers: { ...request.headers, traceparent: place.traceparent } };
}
