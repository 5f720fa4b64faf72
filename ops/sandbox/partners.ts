import type { Caller } from '#kit/caller.ts';
import { partnerScopes } from '#kit/caller.ts';
import { unauthenticated } from '#kit/errors.ts';
import { developmentOrganizations } from './organizations.ts';

const firstScopes = ['samples:read', 'storage:read', 'graphs:read', 'queries:execute'];

/** The development organizations as callers, by their keys. Stands in for a store of keys: it knows these two alone. */
export function developmentPartners(): (key: string) => Promise<Caller> {
  const callers = new Map(
    developmentOrganizations.map(({ name, plan, key }): [string, Caller] => [
      key,
      {
        kind: 'partner',
        organization: name,
        tenant: name,
        plan,
        subject: `${name}-development-key`,
        keyId: `${name}-development-key`,
        roles: [],
        scopes: plan === 'enterprise' ? partnerScopes : firstScopes,
      },
    ]),
  );
  return async (key) => {
    const caller = callers.get(key);
    if (caller === undefined) throw unauthenticated();
    return caller;
  };
}

/** Plan of a development organization; `default` for any other. */
export const developmentPlan = async (organization: string): Promise<string> =>
  developmentOrganizations.find(({ name }) => name === organization)?.plan ?? 'default';
