import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import { askLab } from './ask.ts';
import type { Submission } from './client.ts';
import type { RagContext } from './context.ts';
import { mutations, processResult } from './mutations.ts';
import { submissionIn } from './submission-in.ts';

type ById = { readonly id: string };

/** A sample as the gateway hands it over: its key, and the metadata that `ragSubmission` requires. */
type SampleReference = { readonly barcode: string; readonly metadata?: unknown };

export const resolvers: SubgraphResolvers = {
  Query: {
    ragSubmission: (_: unknown, { id }: ById, { loaders }: RagContext) => loaders.byId.load(id),
    ragSubmissions: (_: unknown, _arguments: object, { loaders }: RagContext) => loaders.all(),
    askLab,
  },
  Mutation: mutations,
  RagProcessResult: processResult,
  RagSubmission: {
    __resolveReference: ({ id }: ById, { loaders }: RagContext) => loaders.byId.load(id),
    matchedSample: ({ sampleLabel }: Submission) => sampleLabel && { __typename: 'Sample', barcode: sampleLabel },
  },
  Sample: {
    __resolveReference: (reference: SampleReference) => reference,
    ragSubmission: ({ metadata }: SampleReference, _: object, { loaders }: RagContext) => {
      const id = submissionIn(metadata);
      return id === null ? null : loaders.byId.load(id);
    },
  },
};
