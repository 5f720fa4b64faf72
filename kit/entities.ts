import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { isObjectType } from 'graphql';
import { isPromise } from './execution/run.ts';

type Reference = { readonly __typename: string };

type Resolve = GraphQLFieldResolver<unknown, unknown, { readonly representations: readonly Reference[] }, readonly unknown[]>;

type ResolveReference = (reference: Reference, ...rest: readonly unknown[]) => unknown;

/**
 * The same schema, whose `_entities` resolves references to objects one by one: one that throws fails alone, and what is there
 * already is waited for by nobody. References to interfaces, and to what does not exist, are the library's affair.
 */
export function resolvingEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  if (field?.resolve === undefined) return schema;
  const library = field.resolve as Resolve;
  const resolve: Resolve = (...[source, { representations }, context, info]: Parameters<Resolve>) =>
    representations.flatMap((reference) => {
      const type = info.schema.getType(reference.__typename);
      if (!isObjectType(type)) return library(source, { representations: [reference] }, context, info);
      const resolveReference = resolverOf(type);
      return [entity(reference, () => (resolveReference ? resolveReference(reference, context, info) : reference))];
    });
  field.resolve = resolve as typeof field.resolve;
  return schema;
}

/** Where the library keeps `__resolveReference`. */
type Extended = {
  readonly extensions: { readonly apollo?: { readonly subgraph?: { readonly resolveReference?: ResolveReference } } };
};

const resolverOf = ({ extensions }: Extended): ResolveReference | undefined => extensions.apollo?.subgraph?.resolveReference;

/** What a reference leads to, or why it leads nowhere: an error among the items of a list fails that item. */
function entity({ __typename: type }: Reference, resolve: () => unknown): unknown {
  try {
    const found = resolve();
    return isPromise(found) ? found.then((object) => named(object, type)) : named(found, type);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** An object says by its `__typename` what it is; that of one that several share is written into it, and seen by nobody. */
function named(object: unknown, type: string): unknown {
  if (typeof object !== 'object' || object === null) return object;
  if (!('__typename' in object)) return Object.defineProperty(object, '__typename', { value: type });
  return object.__typename === type ? object : { ...object, __typename: type };
}
