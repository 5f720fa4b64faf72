import type { OperationTypeNode } from 'graphql';
import type { Gate } from '#gateway/request.ts';
import { unauthenticated } from '#kit/errors.ts';
import { rootFields } from './root-fields.ts';

type Options = {
  /** Coordinates of root fields that need no credential, such as `Mutation.login`; `*` opens all of them. */
  readonly publicFields: ReadonlySet<string>;
  /** Strangers may read the schema, as in development. */
  readonly openIntrospection: boolean;
};

/** Composition gives root types these names, whatever they are called in the subgraphs. */
const rootTypes: Readonly<Record<OperationTypeNode, string>> = {
  query: 'Query',
  mutation: 'Mutation',
  subscription: 'Subscription',
};

/**
 * Lets strangers run operations made of public root fields alone, and notes that theirs is one. Whatever becomes of an
 * operation without that note, its text unreadable or its fields unknown, the stranger gets one constant refusal.
 */
export function strangers({ publicFields, openIntrospection }: Options): Gate {
  const introspection = openIntrospection ? ['Query.__schema', 'Query.__type'] : [];
  const open = new Set([...publicFields, ...introspection, ...Object.values(rootTypes).map((type) => `${type}.__typename`)]);
  const isOpen = (type: string, field: string): boolean =>
    open.has(`${type}.${field}`) || (open.has('*') && !field.startsWith('__'));
  return ({ context, document, operation }) => {
    if (context.call.caller.kind !== 'anonymous') return;
    const type = rootTypes[operation.operation];
    for (const field of rootFields(document, operation)) if (!isOpen(type, field)) throw unauthenticated();
    context.outcome.isPublic = true;
  };
}
