import { z } from 'zod';
import type { Loader } from './loader.ts';
import { pickLoader, uuidLoader } from './loader.ts';
import { path } from './path.ts';
import type { RestClient } from './rest-client.ts';
import { organizationIn } from './tenancy.ts';

/* Which samples are a tenant's, asked of the sample service (contract section 1.2) by the subgraphs of other services. */

const Sample = z.object({ id: z.string(), barcode: z.string(), metadata: z.unknown() });

const OneSample = z.object({ data: Sample });
const NewestSamples = z.object({ data: z.object({ samples: z.array(Sample) }) });

export type OwnSample = Readonly<z.infer<typeof Sample>>;

/** Another organization's sample is null, as one that is not there. */
export type OwnSamples = {
  /** Ids that the caller gave: a foreign one costs the same calls as one that is not there. */
  readonly given: Loader<string, OwnSample>;
  /** Ids that a service told, which the newest samples may show to be foreign without a call of their own. */
  readonly told: Loader<string, OwnSample>;
  /** Barcodes that a service told. */
  readonly toldByBarcode: Loader<string, OwnSample>;
};

/** So many samples wanted at once are looked for in the newest page of the list first (contract section 6.1). */
const threshold = 20;

/** `rest` calls the sample service; what was read once answers for the rest of the request. */
export function ownSamples(rest: RestClient, tenant: string): OwnSamples {
  const isOwn = ({ metadata }: OwnSample): boolean => organizationIn(metadata) === tenant;
  const ownOnly = (sample: OwnSample | null): OwnSample | null => (sample !== null && isOwn(sample) ? sample : null);
  const find = async (where: string): Promise<OwnSample | null> => (await rest.find(where, { answer: OneSample }))?.data ?? null;
  let reading: Promise<readonly OwnSample[]> | undefined;
  const newest = (): Promise<readonly OwnSample[]> => {
    reading ??= readNewest(rest);
    return reading;
  };
  const byId = { threshold, one: (id: string) => find(path`/samples/${id}`), idOf: ({ id }: OwnSample) => id };
  const byBarcode = {
    threshold,
    one: (barcode: string) => find(path`/samples/barcode/${barcode}`),
    idOf: ({ barcode }: OwnSample) => barcode,
  };
  const given = pickLoader({ ...byId, list: async () => (await newest()).filter(isOwn) });
  const told = pickLoader({ ...byId, list: newest });
  const toldByBarcode = pickLoader({ ...byBarcode, list: newest });
  return {
    given: uuidLoader({ load: async (id) => ownOnly(await given.load(id)) }),
    told: uuidLoader({ load: async (id) => ownOnly(await told.load(id)) }),
    toldByBarcode: { load: async (barcode) => (isBarcode(barcode) ? ownOnly(await toldByBarcode.load(barcode)) : null) },
  };
}

async function readNewest(rest: RestClient): Promise<readonly OwnSample[]> {
  const query = { page: 1, page_size: 1_000 };
  return (await rest.get('/samples', { answer: NewestSamples, query })).data.samples;
}

const isBarcode = (text: string): boolean => text.length > 0 && text.length <= 100;
