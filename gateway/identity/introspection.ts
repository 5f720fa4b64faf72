import type { OperationDefinitionNode } from 'graphql';
import type { Gate } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';
import { rootFields } from './root-fields.ts';

/** Shows the schema to callers with the scope `schema:read` only; strangers are another gate's business. */
export function introspection(): Gate {
  const known = new WeakMap<OperationDefinitionNode, boolean>();
  return ({ context, document, operation }) => {
    const { kind, scopes } = context.call.caller;
    if (kind === 'anonymous' || scopes.includes('schema:read')) return;
    let reads = known.get(operation);
    if (reads === undefined) {
      const names = rootFields(document, operation);
      reads = names.has('__schema') || names.has('__type');
      known.set(operation, reads);
    }
    if (reads) throw new ExpectedError('FORBIDDEN', 'Reading the schema needs the scope schema:read.');
  };
}
