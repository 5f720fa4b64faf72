import type { ApiKey, Organization } from '#kit/organizations/records.ts';

/** An organization of which only the named things matter. */
export const organizationOf = (changes: Partial<Organization> = {}): Organization => ({
  id: 'acme-genomics',
  name: 'Acme Genomics',
  plan: 'default',
  status: 'active',
  createdAt: new Date('2026-11-20T10:00:00.123Z'),
  ...changes,
});

/** A key of which only the named things matter. */
export const keyOf = (changes: Partial<ApiKey> = {}): ApiKey => ({
  id: 'key_one',
  organizationId: 'acme-genomics',
  keyHash: 'hash of one',
  keyPrefix: 'lg_live_AbCd',
  name: 'default',
  scopes: ['samples:read'],
  environment: 'live',
  createdAt: new Date('2026-11-20T11:00:00.456Z'),
  usageCount: 0,
  isActive: true,
  ...changes,
});
