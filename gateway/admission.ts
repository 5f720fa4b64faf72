import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { ExpectedError, statusOf } from '#kit/errors.ts';
import type { Admission, Gate, RequestContext } from './request.ts';

/**
 * Walks the gates in the order of pipeline.ts. It is one plugin because Apollo runs same-named hooks of different
 * plugins at once, where order means nothing.
 */
export function admission(gates: readonly Gate[]): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => ({
      async didResolveOperation({ contextValue, document, operation, request }) {
        // An unknown operation name: Apollo answers it by itself.
        if (operation === undefined) return;
        const asked = { context: contextValue, document, operation, variables: request.variables ?? {} };
        await pass(gates, asked).catch((error: unknown) => {
          throw refusal(error);
        });
      },
    }),
  };
}

async function pass(gates: readonly Gate[], admission: Admission): Promise<void> {
  for (const gate of gates) await gate(admission);
}

function refusal(error: unknown): unknown {
  if (!(error instanceof ExpectedError)) return error;
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { ...error.extensions, http: { status: statusOf(error.code) } },
  });
}
