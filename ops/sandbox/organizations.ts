/** Partners that exist only in development (design: sandbox data); their keys are no secrets. */
export const developmentOrganizations = [
  {
    name: 'acme-genomics',
    plan: 'default',
    key: 'lg_test_AcmeGenomicsDefaultPlanDevKey001',
    scopes: ['samples:read', 'storage:read', 'graphs:read', 'queries:execute'],
  },
  { name: 'helix-labs', plan: 'enterprise', key: 'lg_test_HelixLabsEnterprisePlanDevKey001', scopes: ['full_access'] },
] as const;
