/** The seven services of the laboratory; each is one upstream, one subgraph and one sandbox service. */
export const serviceNames = ['auth', 'samples', 'storage', 'templates', 'sequencing', 'rag', 'graph'] as const;

export type ServiceName = (typeof serviceNames)[number];
