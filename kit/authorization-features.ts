/** Features of Federation that the gateway enforces itself, in exactly these versions, as links of a supergraph name them. */
export const authorizationFeatures: ReadonlySet<string> = new Set(
  ['authenticated', 'requiresScopes', 'policy'].map((name) => `https://specs.apollo.dev/${name}/v0.1`),
);
