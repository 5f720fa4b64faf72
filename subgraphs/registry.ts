import type { Subgraph } from '#kit/define-subgraph.ts';
import type { SubgraphName } from '#kit/service-names.ts';

/** Every subgraph of the laboratory. Loaded on demand, so that one that runs alone does not bring the others along. */
export const subgraphs: Readonly<Record<SubgraphName, () => Promise<Subgraph>>> = {
  auth: async () => (await import('./auth/subgraph.ts')).authSubgraph,
  samples: async () => (await import('./samples/subgraph.ts')).samplesSubgraph,
  storage: async () => (await import('./storage/subgraph.ts')).storageSubgraph,
  templates: async () => (await import('./templates/subgraph.ts')).templatesSubgraph,
  sequencing: async () => (await import('./sequencing/subgraph.ts')).sequencingSubgraph,
  rag: async () => (await import('./rag/subgraph.ts')).ragSubgraph,
  graph: async () => (await import('./graph/subgraph.ts')).graphSubgraph,
  organizations: async () => (await import('./organizations/subgraph.ts')).organizationsSubgraph,
};
