import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { requestId } from '#kit/ids.ts';

type Refusal = { readonly status: number; readonly code: string; readonly message: string };

const refusals: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'REQUEST_TIMEOUT', message: 'The request did not arrive in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'BAD_REQUEST', message: 'The headers are too long.' },
};

const unreadable: Refusal = { status: 400, code: 'BAD_REQUEST', message: 'The request cannot be read.' };

/** Answers what never became a request, in the same words as every other refusal, and hangs up. */
export function answersSocketErrors(headers: Readonly<Record<string, string>>) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(rawAnswer(refusals[error.code ?? ''] ?? unreadable, headers));
  };
}

function rawAnswer({ status, code, message }: Refusal, headers: Readonly<Record<string, string>>): string {
  const id = requestId();
  const body = JSON.stringify({ errors: [{ message, extensions: { code, requestId: id } }] });
  const lines = Object.entries({
    ...headers,
    'x-request-id': id,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
