/** Partners that exist only in development (design: sandbox data); their keys are no secrets. */
export const developmentOrganizations = [
  { name: 'acme-genomics', plan: 'default', key: 'lg_test_AcmeGenomicsDefaultPlanDevKey001' },
  { name: 'helix-labs', plan: 'enterprise', key: 'lg_test_HelixLabsEnterprisePlanDevKey001' },
] as const;
