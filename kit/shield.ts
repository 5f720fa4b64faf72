import { createRequire } from 'node:module';
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import type * as middlewareModule from 'graphql-middleware';
import type * as shieldModule from 'graphql-shield';
import type { Call } from './call.ts';
import { ExpectedError, unauthenticated } from './errors.ts';

/*
 * graphql-shield 7.6.5 imports `isUndefined` from node:util, which Node 23 removed, and its ES build brings a second
 * copy of graphql-middleware. Taking both as CommonJS, with the missing function given back first, works.
 */
const require = createRequire(import.meta.url);
const util: { isUndefined?: (value: unknown) => boolean } = require('node:util');
util.isUndefined ??= (value) => value === undefined;
const { shield, rule, allow, deny } = require('graphql-shield') as typeof shieldModule;
const { applyMiddleware } = require('graphql-middleware') as typeof middlewareModule;

export { allow, deny, rule };

type Judged = { readonly call: Call };

/** The caller has this scope, or all of these, by role or by key. */
export const may = (...scopes: readonly string[]) =>
  rule(`may ${scopes.join(' and ')}`)((_: unknown, _arguments: unknown, { call: { caller } }: Judged) => {
    const missing = scopes.find((scope) => !caller.scopes.includes(scope));
    if (missing === undefined) return true;
    if (caller.kind === 'anonymous') return unauthenticated();
    return new ExpectedError('FORBIDDEN', `This needs the scope ${missing}.`);
  });

/** The caller brought a credential, whichever. */
export const known = rule('known')(
  (_: unknown, _arguments: unknown, { call }: Judged) => call.caller.kind !== 'anonymous' || unauthenticated(),
);

/** The caller is a person of the laboratory, not an organization's key. */
export const signedIn = rule('signed in')((_: unknown, _arguments: unknown, { call: { caller } }: Judged) => {
  if (caller.kind === 'user') return true;
  if (caller.kind === 'anonymous') return unauthenticated();
  return new ExpectedError('FORBIDDEN', 'This is for people with an account of the laboratory.');
});

type ShieldRule = Parameters<typeof shieldModule.and>[number];

/** Rules by type and field; what a root type does not list is denied. */
export type Permissions = Readonly<Record<string, Readonly<Record<string, ShieldRule>>>>;

type FieldMiddleware = Record<string, Record<string, unknown>>;

/**
 * Guards every root field, and the other fields that `permissions` name. Fields without a rule keep their own resolver
 * untouched: shield by itself would wrap every leaf of the schema.
 */
export function guard(schema: GraphQLSchema, permissions: Permissions): GraphQLSchema {
  const rules = { ...permissions, Query: { _service: allow, ...permissions['Query'] } };
  const generator = shield(rules, {
    fallbackRule: deny,
    fallbackError: new ExpectedError('FORBIDDEN', 'This is not allowed for the caller.'),
    // Errors of resolvers are ours already; shield would replace them all by its own.
    allowExternalErrors: true,
  });
  const everything = (generator as unknown as { generate: (schema: GraphQLSchema) => FieldMiddleware }).generate(schema);
  return applyMiddleware(schema, onlyGuarded(schema, everything, permissions));
}

function onlyGuarded(schema: GraphQLSchema, everything: FieldMiddleware, permissions: Permissions): FieldMiddleware {
  const roots = [schema.getQueryType(), schema.getMutationType()].filter((type): type is GraphQLObjectType => type != null);
  const rootNames = new Set(roots.map(({ name }) => name));
  const named = Object.keys(permissions).filter((name) => !rootNames.has(name));
  return Object.fromEntries([
    ...[...rootNames].map((name) => [name, everything[name] ?? {}] as const),
    ...named.map((name) => [name, pick(everything[name] ?? {}, Object.keys(permissions[name] ?? {}))] as const),
  ]);
}

const pick = (fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
