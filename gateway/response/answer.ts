import type { GraphQLFormattedError } from 'graphql';
import type { Answered, RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import type { Code } from '#kit/errors.ts';
import { unauthenticated } from '#kit/errors.ts';
import { cacheReport } from './cache-report.ts';
import type { ChargeText } from './settle.ts';
import { settle, tellWhenToComeBack } from './settle.ts';

/** Errors of the caller's own text; GraphQL over HTTP wants 200 for them where the answer is plain `application/json`. */
const textErrors = new Set<unknown>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);

/** Writes request id and price into every answer, and notes what the status may depend on. */
export function completion(chargeText?: ChargeText) {
  return async (answered: Answered, context: RequestContext): Promise<void> => {
    await settle(answered, context, chargeText);
    tellOfCache(answered, context);
    const { errors, data } = answered.result;
    if (errors === undefined) return;
    context.outcome.codes = [...new Set(errors.map(({ extensions }) => extensions?.['code']))];
    context.outcome.refusedText = data === undefined && errors.every(({ extensions }) => textErrors.has(extensions?.['code']));
    answered.result.errors = errors.map((error) => withRequestId(error, context.call.requestId));
    tellWhenToComeBack(answered);
  };
}

function tellOfCache({ response, result }: Answered, { call: { caller }, outcome: { lookups = [] } }: RequestContext): void {
  const isWhole = result.data !== undefined && (result.errors ?? []).length === 0;
  const { headers, extension } = cacheReport({ caller, lookups, isWhole });
  for (const [name, value] of Object.entries(headers)) response.http.headers.set(name, value);
  if (extension !== undefined) result.extensions = { ...result.extensions, cache: extension };
}

const withRequestId = (error: GraphQLFormattedError, requestId: string): GraphQLFormattedError => ({
  ...error,
  extensions: { ...error.extensions, requestId },
});

type Options = { readonly legacyJsonStatus: boolean };

/** Refusals of Apollo's HTTP layer, which calls all of them BAD_REQUEST. */
const codesByStatus: Readonly<Record<number, Code>> = {
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/**
 * The answer as it leaves: status and media type fit each other, and refusals from before any plugin ran have code and
 * request id. @throws ExpectedError UNAUTHENTICATED in place of every answer by which a stranger could learn the schema
 */
export function finish(answer: HttpAnswer, { outcome, call }: RequestContext, { legacyJsonStatus }: Options): HttpAnswer {
  if (call.caller.kind === 'anonymous' && (!outcome.isPublic || outcome.refusedText)) throw unauthenticated();
  const code = codesByStatus[answer.status];
  if (code !== undefined || (!outcome.accepted && answer.status >= 400))
    return { ...answer, body: completed(answer.body, { requestId: call.requestId, code }) };
  const isPlainJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  if (outcome.refusedText && isPlainJson && legacyJsonStatus) return { ...answer, status: 200 };
  return answer;
}

function completed(body: string, { requestId, code }: { readonly requestId: string; readonly code: Code | undefined }): string {
  const { errors } = JSON.parse(body) as { errors: GraphQLFormattedError[] };
  const named = code === undefined ? {} : { code };
  return JSON.stringify({
    errors: errors.map((error) => ({ ...error, extensions: { ...error.extensions, ...named, requestId } })),
  });
}
