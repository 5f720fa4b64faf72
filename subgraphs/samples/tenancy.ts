import type { Clock } from '#kit/clock.ts';
import { ownPage } from '#kit/own-page.ts';
import { organizationIn, restamped, stamped } from '#kit/tenancy.ts';
import type { PageRequest, Sample, SamplesClient } from './client.ts';
import { maxPageSize } from './client.ts';
import type { SampleList } from './list.ts';
import type { SampleLoaders } from './loaders.ts';
import { noSuchSample } from './refusals.ts';
import type { SampleWrites, Validation } from './writes.ts';

/*
 * A sample is the organization's that its metadata names. What is another's is here as if it were not there, after the same
 * calls as for what is not there.
 */

/** Pages are those of the service without the rows of others, so they may be short, and their total counts nothing. */
export function ownClient(client: SamplesClient, tenant: string): SamplesClient {
  const ownOnly = (sample: Sample | null): Sample | null => (sample !== null && isOf(tenant, sample) ? sample : null);
  return {
    async page(request) {
      const { samples } = await client.page(request);
      return { samples: samples.filter((sample) => isOf(tenant, sample)), total: Number.NaN };
    },
    byId: async (id) => ownOnly(await client.byId(id)),
    byBarcode: async (barcode) => ownOnly(await client.byBarcode(barcode)),
  };
}

const isOf = (tenant: string, { metadata }: Sample): boolean => organizationIn(metadata) === tenant;

/** `client` sees all. */
export const ownList =
  (client: SamplesClient, tenant: string, { remember }: SampleLoaders): SampleList =>
  async (window, filter) => {
    const read = async (wanted: Pick<PageRequest, 'page' | 'size'>) => {
      const { samples: rows, total } = await client.page({ ...wanted, filter });
      return { rows, total };
    };
    const page = await ownPage(window, { maxPageSize, read, isOwn: (sample) => isOf(tenant, sample) });
    page.nodes.forEach(remember);
    return page;
  };

type WriteParts = {
  /** Sees only the tenant's own. */
  readonly client: SamplesClient;
  readonly loaders: SampleLoaders;
  readonly tenant: string;
  readonly clock: Clock;
};

/** What is recorded becomes the tenant's, and nothing else can be changed. */
export function ownWrites(writes: SampleWrites, { client, loaders, tenant, clock }: WriteParts): SampleWrites {
  const own = async (id: string): Promise<Sample> => {
    const sample = await client.byId(id);
    if (sample !== null) return sample;
    throw noSuchSample();
  };
  return {
    create: async (sample) => writes.create({ ...sample, metadata: stamped(sample.metadata, tenant) }),
    createMany: async (samples) =>
      writes.createMany(samples.map((sample) => ({ ...sample, metadata: stamped(sample.metadata, tenant) }))),
    async update(id, changes) {
      const { metadata } = await own(id);
      if (changes.metadata == null) return writes.update(id, changes);
      return writes.update(id, { ...changes, metadata: restamped(changes.metadata, metadata) });
    },
    transition: async (id, wanted) => writes.transition((await own(id)).id, wanted),
    validate: async (id) => writes.validate((await own(id)).id),
    async validateMany(ids) {
      const known = await Promise.all(ids.map((id) => loaders.byId.load(id)));
      const owned = ids.filter((_, index) => known[index] !== null);
      const judged = owned.length === 0 ? [] : await writes.validateMany(owned);
      const byId = new Map(owned.map((id, index) => [id, judged[index]]));
      return ids.map((id) => byId.get(id) ?? notThere(id, clock));
    },
    remove: async (id) => writes.remove((await own(id)).id),
  };
}

/** A sample that is not there is judged as well, as the service does it. */
const notThere = (sampleId: string, clock: Clock): Validation => ({
  sampleId,
  isValid: false,
  errors: ['There is no such sample.'],
  warnings: [],
  validatedAt: new Date(clock.now()).toISOString(),
});
