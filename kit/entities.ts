import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { isInterfaceType, isObjectType } from 'graphql';
import { asError } from './errors.ts';
import { isPromise } from './execution/run.ts';

type Reference = { readonly __typename: string };

type Resolve = GraphQLFieldResolver<unknown, unknown, { readonly representations: readonly Reference[] }, readonly unknown[]>;

type ResolveReference = (reference: Reference, ...rest: readonly unknown[]) => unknown;

/**
 * The same schema, whose `_entities` resolves references one by one: one that throws fails alone, and what is there already is
 * waited for by nobody. References to interfaces are the library's affair, and so is a type that does not exist, which fails all.
 */
export function resolvingEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  if (field?.resolve === undefined) return schema;
  const library = field.resolve as Resolve;
  const resolve: Resolve = (...[source, { representations }, context, info]: Parameters<Resolve>) =>
    representations.map((reference) => {
      const type = info.schema.getType(reference.__typename);
      const byLibrary = (): unknown => library(source, { representations: [reference] }, context, info)[0];
      if (isInterfaceType(type)) return orError(byLibrary);
      if (!isObjectType(type)) return byLibrary();
      const resolveReference = resolverOf(type);
      return orError(() => typed(resolveReference ? resolveReference(reference, context, info) : reference, type.name));
    });
  field.resolve = resolve as typeof field.resolve;
  return schema;
}

/** Where the library keeps `__resolveReference`. */
type Extended = {
  readonly extensions: { readonly apollo?: { readonly subgraph?: { readonly resolveReference?: ResolveReference } } };
};

const resolverOf = ({ extensions }: Extended): ResolveReference | undefined => extensions.apollo?.subgraph?.resolveReference;

/** An error among the items of a list fails that item. */
function orError(resolve: () => unknown): unknown {
  try {
    return resolve();
  } catch (error) {
    return asError(error);
  }
}

const typed = (found: unknown, type: string): unknown =>
  isPromise(found) ? found.then((object) => named(object, type)) : named(found, type);

/** An object says by its `__typename` what it is; that of one that several share is written into it, and seen by nobody. */
function named(object: unknown, type: string): unknown {
  if (typeof object !== 'object' || object === null) return object;
  if (!('__typename' in object)) return Object.defineProperty(object, '__typename', { value: type });
  return object.__typename === type ? object : { ...object, __typename: type };
}
