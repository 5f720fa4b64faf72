import { z } from 'zod';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** The useful code is in `message` where that is an object, else in `code` (graph contract section 1.6). */
const Refusal = z.object({
  error: z.object({
    code: z.string().optional(),
    message: z.union([z.object({ error: z.string() }), z.unknown()]).optional(),
  }),
});

/** The cause of an error where the service could not make sense of a statement. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
}

/** What the graph service means by its refusals. Its codes count more than its statuses, which differ between its versions. */
export const decode: Decoder = ({ status, body }) => {
  const code = codeIn(body);
  const cause = new Error(`The graph service answered ${status} ${code ?? 'without a code'}.`);
  switch (code) {
    case 'GRAPH_NOT_FOUND':
    case 'DATASET_NOT_FOUND':
    case 'FRAME_NOT_FOUND':
    case 'JOB_NOT_FOUND':
    case 'HTTP_404':
      return new ExpectedError('NOT_FOUND', 'The graph service does not know this.', { cause, extensions: { service: 'graph' } });
    // Nearly every statement is ours, and then one that cannot be read is no fault of the caller.
    case 'INVALID_QUERY':
    case 'INVALID_QUERY_SYNTAX':
    case 'VALIDATION_ERROR':
      return upstreamError('UPSTREAM_INVALID_RESPONSE', 'graph', { cause: new StatementRefused(cause.message) });
    case 'QUERY_TIMEOUT':
      return upstreamError('UPSTREAM_TIMEOUT', 'graph', { cause });
    case 'QUERY_RESULT_TOO_LARGE':
    case 'REQUEST_TOO_LARGE':
      return new ExpectedError('BAD_USER_INPUT', 'This is too much for the graph service; ask for less.', { cause });
    case 'XGT_CONNECTION_ERROR':
    case 'XGT_OPERATION_ERROR':
    case 'SERVICE_UNAVAILABLE':
    case 'MAINTENANCE_MODE':
      return upstreamError('UPSTREAM_UNAVAILABLE', 'graph', { cause });
    default:
      // A 404 or 422 without a word of the service comes from something else at its address.
      return status === 404 || status === 422 ? upstreamError('UPSTREAM_INVALID_RESPONSE', 'graph', { cause }) : undefined;
  }
};

function codeIn(body: string): string | undefined {
  const refusal = Refusal.safeParse(parse(body));
  if (!refusal.success) return undefined;
  const { code, message } = refusal.data.error;
  const inner = z.object({ error: z.string() }).safeParse(message);
  return inner.success ? inner.data.error : code;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
