import { partnerScopes } from '#kit/caller.ts';

/** Names that stand for several scopes (contract of graph and batch services, section 1.4). */
const bundles: ReadonlyMap<string, readonly string[]> = new Map([
  ['read_only', partnerScopes.filter((scope) => scope.endsWith(':read'))],
  ['full_access', partnerScopes],
]);

/** What a key may be given. */
export const grantableScopes: readonly string[] = [...partnerScopes, ...bundles.keys()];

/** The scopes that a key has by what it was given; what partners may not have is left out. */
export const expandScopes = (given: readonly string[]): readonly string[] => {
  const wanted = new Set(given.flatMap((scope) => bundles.get(scope) ?? [scope]));
  return partnerScopes.filter((scope) => wanted.has(scope));
};
