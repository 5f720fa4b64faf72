import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { BREAK, visit } from 'graphql';
import type { Admission } from '#gateway/request.ts';
import { canonical } from './canonical.ts';
import { digest } from './digest.ts';
import { headersDigest, rightsOf } from './keys.ts';

/** Names of an operation's answers. */
export type AnswerKeys = {
  /** For everybody of the same organization with the same rights. */
  readonly common: string;
  /** For the caller alone. */
  readonly own: () => string;
};

/**
 * Names answers by operation, variables and the border of keys.ts. Undefined for what is not read from subgraphs alone, and
 * for variables that are not JSON. An operation is told by its parsed document, so that a newer supergraph never finds the
 * answer of an older one.
 */
export function answerKeys(): (admission: Admission) => AnswerKeys | undefined {
  const known = new WeakMap<OperationDefinitionNode, string | undefined>();
  let last = 0;
  const nameOf = ({ document, operation }: Admission): string | undefined => {
    if (!known.has(operation)) known.set(operation, readsSubgraphs(document, operation) ? String(++last) : undefined);
    return known.get(operation);
  };
  return (admission) => {
    const { context, variables } = admission;
    if (context.wantsFresh === true || context.uploads.length > 0) return undefined;
    const name = nameOf(admission);
    const { caller } = context.call;
    const text = name && canonicalOrNone(variables);
    if (name === undefined || text === undefined) return undefined;
    const common = digest(name, text, rightsOf(caller), headersDigest(context.forwarded));
    return { common, own: () => digest(common, caller.kind, caller.subject) };
  };
}

function readsSubgraphs(document: DocumentNode, { operation }: OperationDefinitionNode): boolean {
  let asksSchema = false;
  visit(document, {
    Field({ name }) {
      asksSchema ||= name.value === '__schema' || name.value === '__type';
      return asksSchema ? BREAK : undefined;
    },
  });
  return operation === 'query' && !asksSchema;
}

function canonicalOrNone(variables: Admission['variables']): string | undefined {
  try {
    return canonical(variables);
  } catch {
    return undefined;
  }
}
