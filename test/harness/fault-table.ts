import type { FaultInput } from '#ops/sandbox/faults/fault.ts';

/** Every way in which the sandbox lets a service fail, with the row of the reliability rules and the code a caller meets. */
export const faultTable: readonly (readonly [name: string, fault: FaultInput, code: string])[] = [
  ['F1 never answers', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
  ['F2 one byte a second', { kind: 'slow' }, 'UPSTREAM_TIMEOUT'],
  ['F3 reset', { kind: 'reset' }, 'UPSTREAM_UNAVAILABLE'],
  ['F5 malformed JSON', { kind: 'malformed' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['F5 empty 200', { kind: 'empty' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['F5 cut body', { kind: 'cut' }, 'UPSTREAM_UNAVAILABLE'],
  ['F7 null', { kind: 'null' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['F7 a list', { kind: 'list' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['F9 wrong types', { kind: 'wrongTypes' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['F10 a page with an internal host', { kind: 'html' }, 'UPSTREAM_UNAVAILABLE'],
  ['F11 a password in a 500', { kind: 'secret' }, 'UPSTREAM_UNAVAILABLE'],
  ['F13 a 401', { kind: 'status', status: 401 }, 'UPSTREAM_REJECTED'],
  ['F13 a 403', { kind: 'status', status: 403 }, 'UPSTREAM_REJECTED'],
  ['F14 a 429', { kind: 'rateLimited' }, 'UPSTREAM_RATE_LIMITED'],
  ['F15 a redirect to elsewhere', { kind: 'redirect', location: 'http://169.254.169.254/latest' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a huge body', { kind: 'huge' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a gzip bomb', { kind: 'gzipBomb' }, 'UPSTREAM_INVALID_RESPONSE'],
];
