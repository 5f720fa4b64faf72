import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { SamplePosition } from './answers.ts';
import { ContainerRow, DetailedLocation, Grid, Occupant, StorageLocation } from './answers.ts';
import type { ContainerType, TemperatureZone } from './words.ts';
import { containerWord, usualWord } from './words.ts';

const Locations = z.object({ data: z.array(StorageLocation) });
const Containers = z.object({ data: z.array(ContainerRow) });
const ContainerPage = z.object({
  data: z.object({ data: z.array(ContainerRow), pagination: z.object({ total_items: z.number() }) }),
});
const Detail = z.object({ data: z.object({ container: ContainerRow, children: z.array(ContainerRow) }) });
const Occupants = z.object({ data: z.object({ samples: z.array(Occupant) }) });
const GridAnswer = z.object({ data: Grid });
const Position = z.object({ data: DetailedLocation.nullable() });

export type ContainerFilter = {
  readonly type?: ContainerType | null;
  readonly temperatureZone?: TemperatureZone | null;
  readonly parentId?: string | null;
  readonly status?: string | null;
};

type ContainerPageRequest = {
  /** Counts from 1. */
  readonly page: number;
  readonly size: number;
  readonly filter: ContainerFilter;
};

export type ContainerDetail = { readonly container: ContainerRow; readonly children: readonly ContainerRow[] };

export type StorageClient = {
  /** All of them, by name. */
  readonly locations: () => Promise<readonly StorageLocation[]>;
  /** `total` counts all containers, whatever the filter. */
  readonly containers: (
    request: ContainerPageRequest,
  ) => Promise<{ readonly rows: readonly ContainerRow[]; readonly total: number }>;
  readonly container: (id: string) => Promise<ContainerDetail | null>;
  /** What lies directly in a container. */
  readonly occupants: (containerId: string) => Promise<readonly SamplePosition[] | null>;
  readonly grid: (containerId: string) => Promise<Grid | null>;
  /** Free positions of every zone. */
  readonly available: () => Promise<readonly ContainerRow[]>;
  readonly position: (sampleId: string) => Promise<SamplePosition | null>;
};

export function storageClient(rest: RestClient): StorageClient {
  return {
    locations: async () => (await rest.get('/storage/locations', { answer: Locations })).data,
    async containers({ page, size, filter }) {
      const query = { page, per_page: size, ...conditions(filter) };
      const { data } = await rest.get('/storage/containers', { answer: ContainerPage, query });
      return { rows: data.data, total: data.pagination.total_items };
    },
    async container(id) {
      const found = await rest.find(path`/storage/containers/${id}`, { answer: Detail, query: { include_samples: false } });
      return found?.data ?? null;
    },
    async occupants(containerId) {
      const query = { include_samples: true };
      const found = await rest.find(path`/storage/containers/${containerId}`, { answer: Occupants, query });
      return found?.data.samples ?? null;
    },
    grid: async (containerId) =>
      (await rest.find(path`/storage/containers/${containerId}/grid`, { answer: GridAnswer }))?.data ?? null,
    available: async () => (await rest.get('/storage/containers/available', { answer: Containers })).data,
    position: async (sampleId) =>
      (await rest.find(path`/storage/samples/${sampleId}/location-detailed`, { answer: Position }))?.data ?? null,
  };
}

const conditions = ({ type, temperatureZone, parentId, status }: ContainerFilter) => ({
  container_type: type && containerWord(type),
  temperature_zone: temperatureZone && usualWord(temperatureZone),
  parent_id: parentId,
  status,
});
