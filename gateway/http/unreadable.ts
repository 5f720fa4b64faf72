import type { Socket } from 'node:net';
import type { Code } from '#kit/errors.ts';
import { requestId } from '#kit/ids.ts';

type Refusal = { readonly status: string; readonly code: Code; readonly message: string };

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'BAD_REQUEST',
    message: 'The headers are too long.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The request did not come in time.',
  },
};

const unreadable: Refusal = { status: '400 Bad Request', code: 'BAD_REQUEST', message: 'The request cannot be read.' };

/** Answers what the HTTP parser refuses: it never becomes a request, so no route and no hook sees it. */
export function answerUnreadable({ code: cause }: Error & { readonly code?: string }, socket: Socket): void {
  if (cause === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, code, message } = refusals[cause ?? ''] ?? unreadable;
  const body = JSON.stringify({ errors: [{ message, extensions: { code, requestId: requestId() } }] });
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
