import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import type { Fault } from './fault.ts';
import { wrongTypes } from './wrong-types.ts';

/** What must never reach a caller of the gateway; tests look for them. */
export const leakedHost = 'db-7.lims.internal.example';
export const leakedPassword = 'correct-horse-battery-staple';

/** A fault that ends in an answer of its own, or in none. */
export type AnsweringFault = Exclude<Fault, { readonly kind: 'latency' }>;

/** Faults that spoil the right answer, so that the service has to make it first. */
const spoiling: ReadonlySet<Fault['kind']> = new Set(['slow', 'cut', 'malformed', 'wrongTypes', 'huge']);

export const needsAnswer = ({ kind, afterWork }: AnsweringFault): boolean => afterWork || spoiling.has(kind);

/** Takes the reply away from Fastify and lets the fault happen. `body` is what the service was about to send. */
export function strike(fault: AnsweringFault, reply: FastifyReply, body = ''): void {
  reply.hijack();
  const { raw } = reply;
  const { 'content-length': _length, ...headers } = reply.getHeaders() as OutgoingHttpHeaders;
  // A caller that hangs up, or a sandbox that closes, is the expected end of many faults.
  raw.on('error', () => undefined);
  happen(fault, raw, { status: reply.statusCode, headers, body }).catch((error: unknown) => {
    if (!raw.destroyed) throw error;
  });
}

/** An answer; its length is counted when it is sent. */
type Whole = { readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: string };

function happen(fault: AnsweringFault, raw: ServerResponse, right: Whole): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return Promise.resolve();
    case 'reset':
      return reset(raw);
    case 'slow':
      return drip(raw, right, fault.bytesPerSecond);
    case 'cut':
      return cut(raw, right);
    case 'malformed':
      return send(raw, { ...right, body: firstHalf(right.body) });
    case 'wrongTypes':
      return send(raw, { ...right, body: wrongTypes(right.body) });
    case 'huge':
      return pipeline(padded(right.body, fault.bytes), raw.writeHead(right.status, right.headers));
    case 'gzipBomb':
      return inflate(raw, fault.bytes);
    case 'empty':
      return send(raw, { status: 200, headers: json, body: '' });
    case 'html':
      return send(raw, { status: 502, headers: { 'content-type': 'text/html' }, body: badGatewayPage });
    case 'secret':
      return send(raw, { status: 500, headers: json, body: secretBody });
    case 'rateLimited':
      return send(raw, { status: 429, headers: { ...json, 'retry-after': `${fault.retryAfterSeconds}` }, body: rateLimitedBody });
    case 'redirect':
      return send(raw, { status: 307, headers: { location: fault.location }, body: '' });
    case 'null':
      return send(raw, { status: 200, headers: json, body: 'null' });
    case 'list':
      return send(raw, { status: 200, headers: json, body: '[]' });
    case 'status':
      return send(raw, { status: fault.status, headers: {}, body: '' });
  }
}

const json = { 'content-type': 'application/json; charset=utf-8' };

const badGatewayPage = `<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>
<p>The proxy could not reach http://${leakedHost}:5432/.</p></body></html>`;

const secretBody = JSON.stringify({
  error: { code: 'DATABASE_ERROR', message: `connection to postgres://lims:${leakedPassword}@${leakedHost}:5432/lims failed` },
  password: leakedPassword,
});

const rateLimitedBody = JSON.stringify({ error: { code: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests' } });

async function send(raw: ServerResponse, { status, headers, body }: Whole): Promise<void> {
  if (status === 204 || status === 304) raw.writeHead(status, headers).end();
  else raw.writeHead(status, sized(headers, body)).end(body);
}

const sized = (headers: OutgoingHttpHeaders, body: string): OutgoingHttpHeaders => ({
  ...headers,
  'content-length': Buffer.byteLength(body),
});

const firstHalf = (text: string): string => text.slice(0, Math.floor(text.length / 2));

async function reset({ socket }: ServerResponse): Promise<void> {
  socket?.resetAndDestroy();
}

async function cut(raw: ServerResponse, { status, headers, body }: Whole): Promise<void> {
  raw.writeHead(status, sized(headers, body)).write(firstHalf(body), () => raw.destroy());
}

async function drip(raw: ServerResponse, { status, headers, body }: Whole, bytesPerSecond: number): Promise<void> {
  raw.writeHead(status, sized(headers, body)).flushHeaders();
  const closed = new AbortController();
  raw.once('close', () => closed.abort());
  for (const byte of Buffer.from(body)) {
    await setTimeout(1_000 / bytesPerSecond, undefined, { signal: closed.signal });
    raw.write(Uint8Array.of(byte));
  }
  raw.end();
}

const chunkBytes = 64 * 1024;

function padded(text: string, bytes: number): Readable {
  return Readable.from(withSpaces(text, bytes), { objectMode: false });
}

function* withSpaces(text: string, bytes: number): Generator<Buffer> {
  yield Buffer.from(text);
  const spaces = Buffer.alloc(chunkBytes, ' ');
  for (let left = bytes - Buffer.byteLength(text); left > 0; left -= chunkBytes) yield spaces.subarray(0, left);
}

async function inflate(raw: ServerResponse, bytes: number): Promise<void> {
  raw.writeHead(200, { ...json, 'content-encoding': 'gzip' });
  // Each piece leaves at once; by itself gzip would hold back the first 16 MiB of something this uniform.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, flush: constants.Z_SYNC_FLUSH });
  await pipeline(padded('[]', bytes), gzip, raw);
}
