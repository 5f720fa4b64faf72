import { isUuid } from '#kit/ids.ts';
import type { Loader } from '#kit/loader.ts';
import { pickLoader } from '#kit/loader.ts';
import type { PageRequest, Sample, SamplePage, SamplesClient } from './client.ts';
import { maxPageSize } from './client.ts';

/** So many samples wanted at once are looked for in the newest page of the list first (contract section 6.1). */
const threshold = 20;

export type SampleLoaders = {
  /** What cannot be an id is null without a call. */
  readonly byId: Loader<string, Sample>;
  /** What cannot be a barcode is null without a call. */
  readonly byBarcode: Loader<string, Sample>;
  /** A page of the list. Every sample any of the three has met answers the later look-ups of the request. */
  readonly page: (request: PageRequest) => Promise<SamplePage>;
  /** A sample met elsewhere answers the later look-ups as well. */
  readonly remember: (sample: Sample) => Sample;
};

export function sampleLoaders(client: SamplesClient): SampleLoaders {
  const { ids, barcodes, remember } = memory();
  const page = async (request: PageRequest): Promise<SamplePage> => {
    const answer = await client.page(request);
    answer.samples.forEach(remember);
    return answer;
  };
  let newest: Promise<SamplePage> | undefined;
  const list = async (): Promise<readonly Sample[]> => {
    newest ??= page({ page: 1, size: maxPageSize, filter: {} });
    return (await newest).samples;
  };
  const byId = pickLoader({ threshold, list, one: async (id) => remember(await client.byId(id)), idOf: ({ id }) => id });
  const byBarcode = pickLoader({
    threshold,
    list,
    one: async (barcode) => remember(await client.byBarcode(barcode)),
    idOf: ({ barcode }) => barcode,
  });
  return {
    page,
    remember,
    byId: { load: async (id) => (isUuid(id) ? fromMemory(ids, byId, id.toLowerCase()) : null) },
    byBarcode: { load: async (barcode) => (isBarcode(barcode) ? fromMemory(barcodes, byBarcode, barcode) : null) },
  };
}

function memory() {
  const ids = new Map<string, Sample>();
  const barcodes = new Map<string, Sample>();
  const remember = <Met extends Sample | null>(sample: Met): Met => {
    if (sample === null) return sample;
    ids.set(sample.id, sample);
    barcodes.set(sample.barcode, sample);
    return sample;
  };
  return { ids, barcodes, remember };
}

const fromMemory = (
  known: ReadonlyMap<string, Sample>,
  loader: Loader<string, Sample>,
  key: string,
): Sample | Promise<Sample | null> => known.get(key) ?? loader.load(key);

const isBarcode = (text: string): boolean => text.length > 0 && text.length <= 100;
