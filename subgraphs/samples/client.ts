import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { QueryParameters, RestClient } from '#kit/rest-client.ts';
import type { SampleStatus, SampleType } from './words.ts';
import { SampleStatusWord, SampleTypeWord, sampleStatuses, sampleTypes } from './words.ts';

/** Most rows of a page of the sample service. */
export const maxPageSize = 1000;

export const SampleRow = z
  .object({
    id: z.string(),
    name: z.string(),
    barcode: z.string(),
    sample_type: SampleTypeWord,
    status: SampleStatusWord,
    template_id: z.string().nullish(),
    source_type: z.string().nullish(),
    source_identifier: z.string().nullish(),
    collection_date: z.string().nullish(),
    collection_location: z.string().nullish(),
    collector: z.string().nullish(),
    concentration: z.number().nullish(),
    volume: z.number().nullish(),
    unit: z.string().nullish(),
    quality_score: z.number().nullish(),
    metadata: z.unknown(),
    notes: z.string().nullish(),
    created_at: z.string(),
    updated_at: z.string(),
    created_by: z.string().nullish(),
    updated_by: z.string().nullish(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    barcode: row.barcode,
    sampleType: row.sample_type,
    status: row.status,
    templateId: row.template_id,
    sourceType: row.source_type,
    sourceIdentifier: row.source_identifier,
    collectionDate: row.collection_date,
    collectionLocation: row.collection_location,
    collector: row.collector,
    concentration: row.concentration,
    volume: row.volume,
    unit: row.unit,
    qualityScore: row.quality_score,
    metadata: row.metadata,
    notes: row.notes,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdByRaw: row.created_by,
    updatedByRaw: row.updated_by,
  }));

export type Sample = Readonly<z.infer<typeof SampleRow>>;

export const OneSample = z.object({ data: SampleRow });
const ManySamples = z.object({ data: z.object({ samples: z.array(SampleRow), total_count: z.number() }) });

export type SampleFilter = {
  readonly status?: SampleStatus | null;
  readonly sampleType?: SampleType | null;
  readonly templateId?: string | null;
  readonly search?: string | null;
  readonly createdAfter?: string | null;
  readonly createdBefore?: string | null;
};

export type PageRequest = {
  /** Counts from 1. */
  readonly page: number;
  readonly size: number;
  readonly filter: SampleFilter;
};

/** `total` counts the rows of all pages. */
export type SamplePage = { readonly samples: readonly Sample[]; readonly total: number };

export type SamplesClient = {
  /** Newest first. */
  readonly page: (request: PageRequest) => Promise<SamplePage>;
  readonly byId: (id: string) => Promise<Sample | null>;
  readonly byBarcode: (barcode: string) => Promise<Sample | null>;
};

export function samplesClient(rest: RestClient): SamplesClient {
  const one = async (where: string): Promise<Sample | null> => (await rest.find(where, { answer: OneSample }))?.data ?? null;
  return {
    async page({ page, size, filter }) {
      const query = { page, page_size: size, ...conditions(filter) };
      const { data } = await rest.get('/samples', { answer: ManySamples, query });
      return { samples: data.samples, total: data.total_count };
    },
    byId: (id) => one(path`/samples/${id}`),
    byBarcode: (barcode) => one(path`/samples/barcode/${barcode}`),
  };
}

function conditions({ status, sampleType, templateId, search, createdAfter, createdBefore }: SampleFilter): QueryParameters {
  return {
    status: status && sampleStatuses[status],
    sample_type: sampleType && sampleTypes[sampleType],
    template_id: templateId,
    search,
    created_after: createdAfter,
    created_before: createdBefore,
  };
}
