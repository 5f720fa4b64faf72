type Banner = {
  /** Origin of the gateway. */
  readonly url: string;
  /** Origin of the listener for operators, where there is one. */
  readonly operatorsUrl: string | undefined;
  /** Subgraphs that a sandbox stands in for; empty without a sandbox. */
  readonly sandboxed: readonly string[];
  /** Organizations of the development store and their keys. */
  readonly organizations: readonly { readonly name: string; readonly plan: string; readonly key: string }[];
};

/** What a person sees when the gateway has started. */
export function banner({ url, operatorsUrl, sandboxed, organizations }: Banner): string {
  const operators = operatorsUrl === undefined ? [] : [`  Operators ${operatorsUrl}/health  ${operatorsUrl}/metrics`];
  if (organizations.length === 0) return [`The gateway listens on ${url}/graphql`, ...operators, ''].join('\n');
  const partners = organizations.flatMap(({ name, plan, key }) => [
    `  ${name} (plan ${plan})`,
    `    ${key}`,
    `    ${curl(url, key)}`,
    '',
  ]);
  return [
    '',
    `  GraphQL   ${url}/graphql`,
    `  GraphiQL  ${url}/`,
    ...operators,
    ...(sandboxed.length > 0
      ? [`  Sandbox   ${sandboxed.join(', ')} (accounts admin@, tech@ and guest@lab.example, password sandbox)`]
      : []),
    '',
    '  Two organizations have keys for development:',
    '',
    ...partners,
  ].join('\n');
}

const curl = (url: string, key: string): string =>
  `curl -s ${url}/graphql -H 'content-type: application/json' -H 'x-api-key: ${key}' -d '{"query":"{ samples(first: 3) { nodes { barcode name status storagePosition { positionIdentifier } } } }"}'`;
