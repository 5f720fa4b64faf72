import type { ApolloServerPlugin } from '@apollo/server';
import { ExpectedError } from '#kit/errors.ts';
import { refusal } from '#kit/refusal.ts';
import type { Step } from '#kit/tracing.ts';
import { traced } from '#kit/tracing.ts';
import type { Admission, Gate, RequestContext } from './request.ts';

/**
 * Walks the gates in the order of pipeline.ts. It is one plugin because Apollo runs same-named hooks of different
 * plugins at once, where order means nothing.
 */
export function admission(gates: readonly Gate[]): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => ({
      async didResolveOperation({ contextValue, schema, document, operation, request }) {
        if (operation === undefined) throw refusal(unresolved(request.operationName));
        const { name, operation: kind } = operation;
        contextValue.outcome.operation = { kind, ...(name !== undefined && { name: name.value }) };
        const asked = { context: contextValue, schema, document, operation, variables: request.variables ?? {} };
        await traced(admissionStep(asked), () => pass(gates, asked)).catch((error: unknown) => {
          throw refusal(error);
        });
      },
    }),
  };
}

const admissionStep = ({ operation: { operation, name } }: Admission): Step => ({
  kind: 'admission',
  name: 'admission',
  attributes: { 'graphql.operation.type': operation, ...(name && { 'graphql.operation.name': name.value }) },
});

async function pass(gates: readonly Gate[], admission: Admission): Promise<void> {
  for (const gate of gates) await gate(admission);
}

const unresolved = (name: string | undefined): ExpectedError =>
  new ExpectedError(
    'OPERATION_RESOLUTION_FAILURE',
    name ? `The document has no operation named "${name}".` : 'The document has several operations; name one of them.',
  );
