import type { Connection } from '#kit/connection.ts';
import { windowOf } from '#kit/connection.ts';
import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import { isUuid } from '#kit/ids.ts';
import { referenceTo } from '#kit/reference.ts';
import type { Sample, SampleFilter } from './client.ts';
import { maxPageSize } from './client.ts';
import type { SamplesContext } from './context.ts';
import { mutations } from './mutations.ts';
import { allowedTransitions } from './transitions.ts';

type OneSample = { readonly id?: string | null; readonly barcode?: string | null };

type ManySamples = { readonly first?: number | null; readonly after?: string | null; readonly filter?: SampleFilter | null };

export const resolvers: SubgraphResolvers = {
  Query: {
    sample: (_: unknown, wanted: OneSample, context: SamplesContext) => {
      if ((wanted.id == null) === (wanted.barcode == null))
        throw new ExpectedError('BAD_USER_INPUT', 'Give either id or barcode, one of the two.');
      return load(wanted, context);
    },
    samples: (_: unknown, wanted: ManySamples, context: SamplesContext) => samples(wanted, context),
  },
  Mutation: mutations,
  Sample: {
    __resolveReference: (reference: OneSample, context: SamplesContext) => load(reference, context),
    allowedTransitions: ({ status }: Sample) => allowedTransitions(status),
    template: ({ templateId }: Sample) => referenceTo('Template', templateId),
    createdBy: ({ createdByRaw }: Sample) => referenceTo('User', createdByRaw),
  },
};

async function load({ id, barcode }: OneSample, { loaders }: SamplesContext): Promise<Sample | null> {
  if (id != null) return loaders.byId.load(id);
  return barcode == null ? null : loaders.byBarcode.load(barcode);
}

async function samples(wanted: ManySamples, { list }: SamplesContext): Promise<Connection<Sample>> {
  const filter = wanted.filter ?? {};
  const window = windowOf(wanted, { size: 50, max: maxPageSize });
  if (filter.templateId != null && !isUuid(filter.templateId))
    throw new ExpectedError('BAD_USER_INPUT', 'filter.templateId: is not a UUID.');
  return list(window, filter);
}
