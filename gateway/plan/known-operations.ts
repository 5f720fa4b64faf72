import type { ApolloServerPlugin } from '@apollo/server';
import { HeaderMap } from '@apollo/server';
import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Admission, Answered, OperationRequest, RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Handler } from '#kit/layer.ts';
import { refusal } from '#kit/refusal.ts';
import type { DocumentHashes } from './document-hashes.ts';
import { knownTexts } from './known-texts.ts';

type Parts = {
  /** Lets an operation run, or throws what it is refused for. */
  readonly admit: (admission: Admission) => Promise<void>;
  /** Undefined where the gateway library runs operations, which has to be asked by the server. */
  readonly execute: Handler<Admission, ExecutionResult> | undefined;
  /** Writes into an answer what every one of them says. */
  readonly complete: (answered: Answered, context: RequestContext) => Promise<void>;
  /** JSON of a whole answer. */
  readonly textOf: (result: FormattedExecutionResult) => string;
  /** Has Apollo Server answer, with the plugin and the executor of here. */
  readonly askServer: Handler<OperationRequest, HttpAnswer>;
  readonly hashes: Pick<DocumentHashes, 'keep'>;
};

type KnownOperations = {
  readonly plugin: ApolloServerPlugin<RequestContext>;
  readonly execute: Handler<Admission, ExecutionResult> | undefined;
  readonly answer: Handler<OperationRequest, HttpAnswer>;
};

/** What became of an operation that was not asked of the server. */
type Attempt = { readonly error: unknown } | { readonly result: ExecutionResult };

/** Accept headers of which it is remembered in which media type they are answered. */
const maxAccepted = 100;

/**
 * Answers operations that Apollo Server has parsed, validated and answered in that media type before without asking it again.
 * All but the plain case is the server's affair: a text that it has not seen, GET, forms, and every answer with an error. For
 * such an answer it takes over what became of the operation, so that none of its rules stands here a second time.
 */
export function knownOperations({ admit, execute, complete, textOf, askServer, hashes }: Parts): KnownOperations {
  const texts = knownTexts();
  const mediaTypes = new LRUCache<string, string>({ max: maxAccepted });
  const attempts = new WeakMap<RequestContext['outcome'], Attempt>();
  const askAndLearn = async (request: OperationRequest): Promise<HttpAnswer> => {
    const answer = await askServer(request);
    const mediaType = answer.headers.get('content-type');
    // A refusal comes as JSON also to a client that accepts none.
    if (answer.status === 200 && mediaType !== undefined) mediaTypes.set(request.headers.accept ?? '', mediaType);
    return answer;
  };
  return {
    plugin: {
      async requestDidStart({ contextValue: context }) {
        context.outcome.accepted = true;
        return {
          async didResolveOperation({ schema, document, operation, request, source, queryHash }) {
            if (operation === undefined) throw refusal(unresolved(request.operationName));
            hashes.keep(document, queryHash);
            texts.keep({ text: source, name: request.operationName }, { schema, document, operation });
            const attempt = attempts.get(context.outcome);
            if (attempt === undefined) await admit({ context, schema, document, operation, variables: request.variables ?? {} });
            else if ('error' in attempt) throw attempt.error;
          },
          async willSendResponse({ response }) {
            if (response.body.kind === 'single') await complete({ response, result: response.body.singleResult }, context);
          },
        };
      },
    },
    execute:
      execute &&
      (async (asked) => {
        const attempt = attempts.get(asked.context.outcome);
        return attempt !== undefined && 'result' in attempt ? attempt.result : execute(asked);
      }),
    async answer(request) {
      const { context } = request;
      const known = texts.find(request);
      const mediaType = mediaTypes.get(request.headers.accept ?? '');
      if (execute === undefined || known === undefined || mediaType === undefined) return askAndLearn(request);
      context.outcome.accepted = true;
      const attempt = await attemptOf({ ...known, context }, { admit, execute });
      if ('error' in attempt || attempt.result.errors !== undefined) {
        attempts.set(context.outcome, attempt);
        return askServer(request);
      }
      const http = { headers: new HeaderMap(), status: 200 };
      const result: FormattedExecutionResult = { data: attempt.result.data ?? null };
      await complete({ response: { http }, result }, context);
      http.headers.set('content-type', mediaType);
      const { errors, data, extensions } = result;
      return { ...http, body: textOf({ errors, data, extensions } as FormattedExecutionResult) };
    },
  };
}

async function attemptOf(asked: Admission, { admit, execute }: Running): Promise<Attempt> {
  try {
    await admit(asked);
    return { result: await execute(asked) };
  } catch (error) {
    return { error: refusal(error) };
  }
}

type Running = Pick<Parts, 'admit'> & { readonly execute: Handler<Admission, ExecutionResult> };

const unresolved = (name: string | undefined): ExpectedError =>
  new ExpectedError(
    'OPERATION_RESOLUTION_FAILURE',
    name ? `The document has no operation named "${name}".` : 'The document has several operations; name one of them.',
  );
