import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import { httpDate } from './http-date.ts';
import type { Handler, Layer } from './layer.ts';
import type { RestRequest, RestResponse } from './rest-transport.ts';

type Options = {
  /** Most bytes of bodies and header fields that are remembered. */
  readonly maxBytes: number;
  readonly clock: Clock;
};

/** Longer bodies are not remembered. */
const maxBodyBytes = 1024 * 1024;

type Remembered = { readonly response: RestResponse; readonly validator: Readonly<Record<string, string>> };

/**
 * Remembers the bodies of reads whose upstream gave them a validator, and asks next time whether they still hold
 * (RFC 9110, section 13): a 304 becomes the body remembered, with what the 304 says of its freshness. An answer is never
 * used without the upstream saying so, for the very same request: whatever proves it is part of the key. For one upstream.
 */
export function revalidation({ maxBytes, clock }: Options): Layer<RestRequest, RestResponse> {
  const kept = new LRUCache<string, Remembered>({ maxSize: maxBytes, sizeCalculation: sizeOf });
  const keep = (request: RestRequest, response: RestResponse, key?: string): RestResponse => {
    const validator = response.status === 200 ? validatorOf(response, clock.now()) : undefined;
    if (validator !== undefined) kept.set(key ?? keyOf(request), { response, validator });
    // A failure tells nothing of what is remembered.
    else if (kept.size > 0 && response.status < 500) kept.delete(key ?? keyOf(request));
    return response;
  };
  const ask = async (next: Handler<RestRequest, RestResponse>, request: RestRequest): Promise<RestResponse> => {
    // An upstream without validators fills nothing, and is asked without the price of a key.
    const key = kept.size === 0 ? undefined : keyOf(request);
    const known = key === undefined ? undefined : kept.get(key);
    if (known === undefined) return keep(request, await next(request), key);
    const response = await next({ ...request, headers: { ...request.headers, ...known.validator } });
    if (response.status !== 304) return keep(request, response, key);
    // One that names another body than the one asked about cannot be used.
    return keep(request, isAbout(known, response) ? renew(known.response, response) : await next(request), key);
  };
  return (next) => (request) => (request.method === 'GET' ? ask(next, request) : next(request));
}

/** Differ from call to call and change no answer. */
const incidental: ReadonlySet<string> = new Set(['x-request-id', 'traceparent']);

/** Everything that the upstream sees of a request and may answer by; as a digest, because credentials are among it. */
function keyOf({ path, headers }: RestRequest): string {
  const seen = Object.entries(headers).filter(([name]) => !incidental.has(name));
  return createHash('sha256')
    .update(JSON.stringify([path, seen.sort(([left], [right]) => (left < right ? -1 : 1))]))
    .digest('base64');
}

const isAbout = ({ validator }: Remembered, { headers: { etag } }: RestResponse): boolean =>
  etag === undefined || opaque(etag) === opaque(validator['if-none-match']);

const opaque = (tag: unknown): string => String(tag).replace(/^W\//, '');

/** What to ask with next time; undefined for what is not to be kept or cannot be asked for again. */
function validatorOf({ headers, body }: RestResponse, nowMs: number): Remembered['validator'] | undefined {
  const { etag, 'last-modified': modified } = headers;
  if (typeof etag !== 'string' && typeof modified !== 'string') return undefined;
  if (/\bno-store\b/i.test(String(headers['cache-control'])) || Buffer.byteLength(body) > maxBodyBytes) return undefined;
  if (typeof etag === 'string') return isEntityTag.test(etag) ? { 'if-none-match': etag } : undefined;
  return isSettled(headers, nowMs) ? { 'if-modified-since': String(modified) } : undefined;
}

const isEntityTag = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** A second change within the second of the first would not show; a date counts once that second is over (RFC 9110, 8.8.2.2). */
function isSettled({ date, 'last-modified': modified }: RestResponse['headers'], nowMs: number): boolean {
  const [made, changed] = [date, modified].map((value) => httpDate(String(value), nowMs));
  return made !== undefined && changed !== undefined && made - changed >= 1_000;
}

/** Say something of the body that was not sent again. */
const ofTheBody = /^(content-|transfer-encoding$)/;

/** Header fields of the 304 take the place of those remembered; its age and date are never the old ones (RFC 9111, 3.2). */
function renew({ headers, ...stored }: RestResponse, { headers: fresh }: RestResponse): RestResponse {
  const { age: _, date: __, ...lasting } = headers;
  const news = Object.entries(fresh).filter(([name]) => !ofTheBody.test(name));
  return { ...stored, headers: { ...lasting, ...Object.fromEntries(news) } };
}

const sizeOf = ({ response: { headers, body } }: Remembered): number =>
  Buffer.byteLength(body) + Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length, 100);
