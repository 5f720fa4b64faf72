/** The seven services of the laboratory; each is one upstream, one subgraph and one sandbox service. */
export const serviceNames = ['auth', 'samples', 'storage', 'templates', 'sequencing', 'rag', 'graph'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** Every subgraph: one for each service, and one over the gateway's own store of organizations. */
export const subgraphNames = [...serviceNames, 'organizations'] as const;

export type SubgraphName = (typeof subgraphNames)[number];

export const isSubgraphName = (name: string | undefined): name is SubgraphName => subgraphNames.some((known) => known === name);
