import type { Caller, Role } from '#kit/caller.ts';
import { scopesOf } from '#kit/caller.ts';

/** A person of the laboratory with one role. */
export const person = (role: Role, subject = '05e70000-0000-4000-8000-000000000001'): Caller => ({
  kind: 'user',
  organization: 'lab',
  plan: 'enterprise',
  subject,
  roles: [role],
  scopes: scopesOf([role]),
});

export const administrator = person('lab_administrator');

/** The key of a partner organization with these scopes. */
export const partner = (organization: string, scopes: readonly string[]): Caller => ({
  kind: 'partner',
  organization,
  plan: 'default',
  subject: `key-of-${organization}`,
  roles: [],
  scopes,
  keyId: `key-of-${organization}`,
  tenant: organization,
});
