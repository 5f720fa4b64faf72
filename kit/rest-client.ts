import type { FormData } from 'undici';
import type { ZodType } from 'zod';
import { accepted } from './accepted.ts';
import { freshnessOf } from './cache-control.ts';
import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import type { InstanceSource } from './consul.ts';
import type { Credential } from './credential.ts';
import { credentialHeaders, credentialQuery } from './credential.ts';
import { ExpectedError, upstreamError } from './errors.ts';
import { parseJson } from './exact-json.ts';
import type { Freshness } from './freshness.ts';
import { openInstances } from './instances.ts';
import type { Handler, Layer } from './layer.ts';
import { stack } from './layer.ts';
import type { RestRequest, RestResponse, TransportOptions } from './rest-transport.ts';
import { slots } from './slots.ts';
import type { Succession } from './succession.ts';
import { succession } from './succession.ts';
import type { UpstreamCall } from './upstream-call.ts';
import { watched } from './upstream-call.ts';

export type QueryParameters = Readonly<Record<string, string | number | boolean | null | undefined>>;

type Read<Answer> = {
  /** Parses the JSON body; what it does not accept is UPSTREAM_INVALID_RESPONSE. */
  readonly answer: ZodType<Answer>;
  /** Absent and null values are left out. */
  readonly query?: QueryParameters;
  /** `Authorization` of this call, in place of what the upstream's settings send. */
  readonly authorization?: string;
};

type Write<Answer> = Read<Answer> & {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as multipart/form-data, in place of `body`. */
  readonly form?: FormData;
};

/** Typed calls to one upstream on behalf of one request. Paths come from the `path` template of kit/path.ts. */
export type RestClient = {
  readonly get: <Answer>(path: string, read: Read<Answer>) => Promise<Answer>;
  /** Like `get`, but a 404 is null. */
  readonly find: <Answer>(path: string, read: Read<Answer>) => Promise<Answer | null>;
  readonly send: <Answer>(method: Exclude<RestRequest['method'], 'GET'>, path: string, write: Write<Answer>) => Promise<Answer>;
};

/** Calls at a time for one request, so that a wide query cannot take the whole pool. */
const callsPerRequest = 10;

/** What a service means by a refusal; undefined leaves it to the rules for every upstream. */
export type Decoder = (response: RestResponse) => ExpectedError | undefined;

export type UpstreamOptions = Omit<TransportOptions, 'origin'> & {
  /** Scheme, host and port of every instance, or who tells them; calls are spread over them. */
  readonly origins: readonly string[] | InstanceSource;
  readonly clock: Clock;
  /** Path before every path of the contract, such as `/api/v1`; empty by default. */
  readonly prefix?: string;
  /** What proves every call that does not bring its own `Authorization`; none by default. */
  readonly credential?: Credential;
  /** Wrap every call, the first one outermost. */
  readonly layers?: readonly Layer<RestRequest, RestResponse>[];
  /** Hears of every call that has ended. */
  readonly onCall?: ((call: UpstreamCall) => void) | undefined;
};

type CallOptions = {
  readonly decode?: Decoder | undefined;
  /** Goes out even while the circuit is open, because it brings something to an end. */
  readonly urgent?: true;
  /** What proves these calls in place of the upstream's credential; undefined leaves it to that one. */
  readonly credential?: () => Promise<Credential | undefined>;
  /** Hears how long each answer may be kept, of those whose header fields say it. */
  readonly hear?: (freshness: Freshness) => void;
};

/** The connection to one upstream; lives as long as the process. */
export type Upstream = AsyncDisposable & {
  readonly forCall: (call: Call, callOptions?: CallOptions) => RestClient;
  /** Makes calls as these options say from now on, also those of clients that are there already; what runs ends as it began. */
  readonly replace: (options: UpstreamOptions) => void;
};

export function openUpstream(options: UpstreamOptions): Upstream {
  const { service } = options;
  const lines = succession(openLine(options));
  return {
    forCall: (call, callOptions = {}) => clientFor({ call, service, use: lines.use, ...callOptions }),
    replace: (next) => lines.replace(openLine(next)),
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
  };
}

type Line = AsyncDisposable & { readonly options: UpstreamOptions; readonly handle: Handler<RestRequest, RestResponse> };

function openLine(options: UpstreamOptions): Line {
  const instances = openInstances(options);
  const handle = stack(options.layers ?? [], instances.handle);
  return { options, handle, [Symbol.asyncDispose]: () => instances[Symbol.asyncDispose]() };
}

type Parts = CallOptions & { readonly call: Call; readonly service: string; readonly use: Succession<Line>['use'] };

type Exchange = Write<unknown> & { readonly method: RestRequest['method']; readonly path: string };

function clientFor({ call, decode, urgent, credential, hear, use, service }: Parts): RestClient {
  const meaning = { service, decode };
  const { organization } = call.caller;
  const slot = slots(callsPerRequest);
  const make = async (wanted: Exchange, { options, handle }: Line): Promise<RestResponse> => {
    // The calls under way end with the same signal, so one that waited gets its turn at once and must not use it.
    if (call.signal.aborted) throw upstreamError('UPSTREAM_TIMEOUT', service, { cause: call.signal.reason });
    const { onCall, prefix, clock } = options;
    const own = credential && (await credential());
    const proof = own ?? options.credential ?? noCredential;
    const request = requestFor(wanted, call, { prefix, credential: proof });
    const send = () => handle(urgent === undefined ? request : { ...request, urgent });
    const { method, path } = wanted;
    const response = await (onCall === undefined ? send() : watched({ service, method, path, organization }, send, onCall));
    const freshness = hear && freshnessOf(response.headers, clock.now());
    if (freshness !== undefined) hear?.(freshness);
    return response;
  };
  const exchange = (wanted: Exchange): Promise<RestResponse> => slot(() => use((line) => make(wanted, line)));
  return {
    async get(path, read) {
      const response = await exchange({ ...read, method: 'GET', path });
      return parse(response, read.answer, meaning);
    },
    async find(path, read) {
      const response = await exchange({ ...read, method: 'GET', path });
      return response.status === 404 && decode?.(response) === undefined ? null : parse(response, read.answer, meaning);
    },
    async send(method, path, write) {
      const response = await exchange({ ...write, method, path });
      return parse(response, write.answer, meaning);
    },
  };
}

const noCredential: Credential = { kind: 'none' };

type Target = { readonly prefix: string | undefined; readonly credential: Credential };

function requestFor(
  { method, path, query, body, form, authorization }: Exchange,
  call: Call,
  { prefix = '', credential }: Target,
): RestRequest {
  return {
    method,
    path: prefix + path + queryString({ ...query, ...credentialQuery(credential) }),
    headers: {
      accept: 'application/json',
      'x-request-id': call.requestId,
      ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
      ...credentialHeaders(credential, call),
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form !== undefined && { body: form }),
    signal: call.signal,
  };
}

function queryString(query: QueryParameters | undefined): string {
  if (query === undefined) return '';
  const given = Object.entries(query).filter((entry): entry is [string, string | number | boolean] => entry[1] != null);
  if (given.length === 0) return '';
  return `?${given.map(([name, value]) => `${encodeURIComponent(name)}=${encoded(value)}`).join('&')}`;
}

function encoded(value: string | number | boolean): string {
  if (typeof value !== 'string' || value.isWellFormed()) return encodeURIComponent(value);
  throw new ExpectedError('BAD_USER_INPUT', 'An argument has half a surrogate pair, which no text can have.');
}

type Meaning = Pick<Parts, 'decode'> & { readonly service: string };

function parse<Answer>(response: RestResponse, answer: ZodType<Answer>, { service, decode }: Meaning): Answer {
  if (response.status < 200 || response.status > 299) throw decode?.(response) ?? refusal(response, service);
  const parsed = accepted(answer, json(response, service));
  if (parsed.success) return parsed.data;
  throw upstreamError('UPSTREAM_INVALID_RESPONSE', service, { cause: parsed.error });
}

function json({ headers, body, status }: RestResponse, service: string): unknown {
  if (status === 204) return null;
  if (!String(headers['content-type']).includes('json')) {
    throw upstreamError('UPSTREAM_INVALID_RESPONSE', service, { cause: new Error('The body is not declared as JSON.') });
  }
  try {
    return parseJson(body);
  } catch (cause) {
    throw upstreamError('UPSTREAM_INVALID_RESPONSE', service, { cause });
  }
}

/** How a status reads for every upstream; a service's own meanings stand in its decoder. */
function refusal({ status, headers }: RestResponse, service: string): ExpectedError {
  const cause = new Error(`The ${service} service answered ${status}.`);
  if (status === 404)
    return new ExpectedError('NOT_FOUND', `The ${service} service does not know this.`, { cause, extensions: { service } });
  if (status === 429) return upstreamError('UPSTREAM_RATE_LIMITED', service, { cause, extensions: retryAfter(headers) });
  if (status >= 500) return upstreamError('UPSTREAM_UNAVAILABLE', service, { cause });
  if (status >= 400) return upstreamError('UPSTREAM_REJECTED', service, { cause });
  return upstreamError('UPSTREAM_INVALID_RESPONSE', service, { cause });
}

function retryAfter(headers: RestResponse['headers']): { readonly retryAfter?: number } {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfter: seconds } : {};
}
