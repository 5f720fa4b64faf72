import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import type { RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';

/** Errors of the caller's own text; GraphQL over HTTP wants 200 for them where the answer is plain `application/json`. */
const textErrors = new Set<unknown>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);

/** Writes the request id into every error and notes what the status may depend on. */
export const answerPlugin: ApolloServerPlugin<RequestContext> = {
  async requestDidStart({ contextValue }) {
    contextValue.outcome.accepted = true;
    return {
      async willSendResponse({ response, contextValue: context }) {
        if (response.body.kind !== 'single') return;
        const result = response.body.singleResult;
        if (result.errors === undefined) return;
        context.outcome.refusedText =
          result.data === undefined && result.errors.every(({ extensions }) => textErrors.has(extensions?.['code']));
        result.errors = result.errors.map((error) => withRequestId(error, context.call.requestId));
      },
    };
  },
};

const withRequestId = (error: GraphQLFormattedError, requestId: string): GraphQLFormattedError => ({
  ...error,
  extensions: { ...error.extensions, requestId },
});

type Options = { readonly legacyJsonStatus: boolean };

/** The answer as it leaves: the status that fits its media type, and a request id also where Apollo refused before any plugin ran. */
export function finish(answer: HttpAnswer, context: RequestContext, { legacyJsonStatus }: Options): HttpAnswer {
  if (!context.outcome.accepted && answer.status >= 400)
    return { ...answer, body: identified(answer.body, context.call.requestId) };
  const isPlainJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  if (context.outcome.refusedText && isPlainJson && legacyJsonStatus) return { ...answer, status: 200 };
  return answer;
}

function identified(body: string, requestId: string): string {
  const { errors } = JSON.parse(body) as { errors: GraphQLFormattedError[] };
  return JSON.stringify({ errors: errors.map((error) => withRequestId(error, requestId)) });
}
