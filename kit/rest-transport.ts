import type { Dispatcher, FormData } from 'undici';
import { Pool } from 'undici';
import { upstreamError } from './errors.ts';
import type { Handler } from './layer.ts';
import { stackless } from './stackless.ts';

export type RestRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Encoded path with query, below the upstream's origin and prefix. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A form brings its own content type. */
  readonly body?: string | FormData;
  /** True for a call that changes nothing although its method is not GET, such as a GraphQL query (RFC 9110, section 9.2.1). */
  readonly safe?: boolean;
  /** True for a call that is made even while the circuit is open. */
  readonly urgent?: boolean;
  /** The whole request's signal; the deadline of this one call is the transport's. */
  readonly signal: AbortSignal;
};

export type RestResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

export type TransportOptions = {
  /** Public alias of the upstream, for errors. */
  readonly service: string;
  /** Scheme, host and port; the path of a call is appended to it. */
  readonly origin: string;
  /** Deadline of one call from first byte sent to last byte read. */
  readonly timeoutMs: number;
  /** Longest body that is read. */
  readonly maxBytes: number;
  /** Most sockets kept open to the upstream. */
  readonly connections: number;
  /** PEM certificates to trust in place of the system's; a certificate that does not hold is never accepted. */
  readonly ca?: string;
};

export type Transport = AsyncDisposable & {
  readonly handle: Handler<RestRequest, RestResponse>;
  /** Finishes what runs and takes nothing more; disposal ends what runs as well. */
  readonly close: () => Promise<void>;
};

/** HTTP over a keep-alive pool. Follows no redirect, sends no cookie, reads no more than `maxBytes`. */
export function restTransport(options: TransportOptions): Transport {
  const pool = new Pool(options.origin, {
    connections: options.connections,
    connect: { timeout: Math.min(options.timeoutMs, 2_000), ...(options.ca !== undefined && { ca: options.ca }) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxHeaderSize: 16_384,
  });
  return {
    handle: (request) => new Promise((resolve, reject) => dispatch({ pool, options, request, resolve, reject })),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

type Exchange = {
  readonly pool: Pool;
  readonly options: TransportOptions;
  readonly request: RestRequest;
  readonly resolve: (response: RestResponse) => void;
  readonly reject: (reason: Error) => void;
};

const unwanted = stackless(() => new Error('The answer is not wanted any more.'));

function dispatch({ pool, options, request, resolve, reject }: Exchange): void {
  const { signal, path, method, headers, body } = request;
  if (signal.aborted) {
    reject(upstreamError('UPSTREAM_TIMEOUT', options.service, { cause: signal.reason }));
    return;
  }
  const reader = bodyReader(options);
  let controller: Dispatcher.DispatchController | undefined;
  const abort = (): void => settle(() => reject(upstreamError('UPSTREAM_TIMEOUT', options.service, { cause: signal.reason })));
  const timer = setTimeout(abort, options.timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  let settled = false;
  const settle = (answer: () => void): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    answer();
    if (!reader.complete()) controller?.abort(unwanted);
  };
  pool.dispatch(
    { path, method, headers, body: body ?? null },
    {
      onRequestStart(started) {
        controller = started;
        if (settled) started.abort(unwanted);
      },
      onResponseStart: (_, status, responseHeaders) => {
        if (!reader.start(status, responseHeaders)) settle(() => reject(unreadable(options, `Status ${status} cannot be read.`)));
      },
      onResponseData: (_, chunk) => {
        if (!reader.add(chunk)) settle(() => reject(unreadable(options, `It sends more than ${options.maxBytes} bytes.`)));
      },
      onResponseEnd: () => settle(() => resolve(reader.finish())),
      onResponseError: (_, cause) => settle(() => reject(upstreamError('UPSTREAM_UNAVAILABLE', options.service, { cause }))),
    },
  );
}

const unreadable = ({ service }: TransportOptions, why: string): Error =>
  upstreamError('UPSTREAM_INVALID_RESPONSE', service, { cause: new Error(why) });

/** Answers such as 103 that may come before the one that counts. */
const maxInterim = 100;

type Head = Pick<RestResponse, 'status' | 'headers'>;

function bodyReader({ maxBytes }: TransportOptions) {
  const chunks: Buffer[] = [];
  let head: Head = { status: 0, headers: {} };
  let bytes = 0;
  let interim = 0;
  let done = false;
  return {
    start(status: number, headers: Head['headers']): boolean {
      head = { status, headers };
      if (status < 200) interim += 1;
      // Nobody asked for a compressed body, and one may be small and unfold to anything.
      const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
      return isPlain && interim <= maxInterim && !(Number(headers['content-length']) > maxBytes);
    },
    add(chunk: Buffer): boolean {
      bytes += chunk.length;
      chunks.push(chunk);
      return bytes <= maxBytes;
    },
    finish(): RestResponse {
      done = true;
      const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      return { ...head, body: body.toString('utf8') };
    },
    complete: (): boolean => done,
  };
}
