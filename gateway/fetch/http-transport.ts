import { z } from 'zod';
import type { SubgraphError, SubgraphHandler, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { accepted } from '#kit/accepted.ts';
import { freshnessOf } from '#kit/cache-control.ts';
import { systemClock } from '#kit/clock.ts';
import type { ConsulSettings } from '#kit/consul.ts';
import { consulInstances } from '#kit/consul.ts';
import { isCode, upstreamError } from '#kit/errors.ts';
import { openInstances } from '#kit/instances.ts';
import type { Layer } from '#kit/layer.ts';
import { stack } from '#kit/layer.ts';
import { multipartBody } from '#kit/multipart-body.ts';
import type { RestRequest, RestResponse } from '#kit/rest-transport.ts';

type Options = {
  readonly service: string;
  /** `http(s)://host/path`, or `consul://name/path` for the instances that Consul tells; there the path is `/graphql` by default. */
  readonly url: string;
  readonly subgraphTimeoutMs: number;
  readonly connections: number;
  readonly maxSubgraphBytes: number;
  /** Pass on what the subgraph says in its errors; else clients see our own sentence and a code. */
  readonly showErrors: boolean;
  readonly consul: ConsulSettings;
  /** Hears of every failed look-up in Consul; the last known instances go on. */
  readonly onConsulFailure: (error: unknown) => void;
  /** Wrap every call, the first one outermost. */
  readonly layers?: readonly Layer<RestRequest, RestResponse>[];
};

type HttpTransport = AsyncDisposable & { readonly handle: SubgraphHandler };

/** Routes that `httpTransport` can take. */
export const isHttpRoute = (url: string): boolean => /^(https?|consul):\/\/[^/]/.test(url);

/** Asks a subgraph over HTTP, through a keep-alive pool; follows no redirect and trusts no byte of the answer. */
export function httpTransport(options: Options): HttpTransport {
  const { origins, path: target } = whereIs(options);
  const instances = openInstances({
    service: options.service,
    origins,
    clock: systemClock,
    timeoutMs: options.subgraphTimeoutMs,
    maxBytes: options.maxSubgraphBytes,
    connections: options.connections,
  });
  const handle = stack(options.layers ?? [], instances.handle);
  return {
    async handle(request) {
      const response = await handle({
        method: 'POST',
        path: target,
        ...(request.carriesUploads ? formOf(request) : jsonOf(request)),
        safe: request.kind === 'query',
        signal: request.signal,
      });
      return decode(response, options);
    },
    [Symbol.asyncDispose]: () => instances[Symbol.asyncDispose](),
  };
}

type Content = Pick<RestRequest, 'headers'> & { readonly body: NonNullable<RestRequest['body']> };

const accept = 'application/graphql-response+json, application/json';

const jsonOf = ({ text, operationName, variables, headers }: SubgraphRequest): Content => ({
  headers: { ...headers, 'content-type': 'application/json', accept },
  body: JSON.stringify({ query: text, operationName, variables }),
});

/** The form says its content type itself; the header is for the CSRF prevention of Apollo's and other servers. */
const formOf = ({ text, operationName, variables, headers }: SubgraphRequest): Content => ({
  headers: { ...headers, 'apollo-require-preflight': 'true', accept },
  body: multipartBody({ query: text, operationName, variables }),
});

function whereIs({ url, consul, onConsulFailure }: Options) {
  const { protocol, origin, hostname, pathname, search } = new URL(url);
  if (protocol !== 'consul:') return { origins: [origin], path: pathname + search };
  const origins = consulInstances({ ...consul, service: hostname, onFailure: onConsulFailure });
  return { origins, path: (pathname.replace(/^\/$/, '') || '/graphql') + search };
}

/** Checked, not copied: an answer may be large, and its keys, `__proto__` too, are the client's own aliases. */
const object = z.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const path = z.array(z.union([z.string(), z.number()]));

const Answer = z.object({
  data: object.nullish(),
  errors: z.array(z.object({ message: z.string(), path: path.nullish(), extensions: object.nullish() })).nullish(),
});

function decode({ status, headers, body }: RestResponse, options: Options): SubgraphResponse {
  const isJson = /\bjson\b/.test(String(headers['content-type']));
  const answer = isJson ? accepted(Answer, readJson(body)) : undefined;
  if (answer?.success !== true || (answer.data.data == null && !answer.data.errors?.length)) {
    throw upstreamError(status >= 500 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_INVALID_RESPONSE', options.service, {
      cause: new Error(`Status ${status}, ${isJson ? 'not a GraphQL answer' : 'not JSON'}.`),
    });
  }
  const { data, errors } = answer.data;
  const freshness = freshnessOf(headers, systemClock.now());
  return {
    ...(data !== undefined && { data }),
    ...(errors != null && { errors: errors.map((error) => shown(error, options)) }),
    ...(freshness !== undefined && { freshness }),
  };
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

type Reported = NonNullable<z.infer<typeof Answer>['errors']>[number];

function shown({ message, path, extensions }: Reported, { service, showErrors }: Options): SubgraphError {
  const where = path == null ? {} : { path };
  if (showErrors)
    return { message, ...where, extensions: { service, ...extensions, code: extensions?.['code'] ?? 'UPSTREAM_REJECTED' } };
  const code = extensions?.['code'];
  const own = upstreamError('UPSTREAM_REJECTED', service);
  return { message: own.message, ...where, extensions: { ...own.extensions, ...(isCode(code) && { code }) } };
}
