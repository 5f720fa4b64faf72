import type { Loader } from '#kit/loader.ts';
import { eachLoader, uuidLoader } from '#kit/loader.ts';
import type { ContainerRow, Grid, SamplePosition, StorageLocation } from './answers.ts';
import type { ContainerDetail, StorageClient } from './client.ts';

/** What cannot be an id is null without a call. */
export type StorageLoaders = {
  /** All of them, in one call that every location of the request shares. */
  readonly locations: () => Promise<readonly StorageLocation[]>;
  readonly location: Loader<string, StorageLocation>;
  readonly container: Loader<string, ContainerRow>;
  readonly children: Loader<string, readonly ContainerRow[]>;
  readonly occupants: Loader<string, readonly SamplePosition[]>;
  readonly grid: Loader<string, Grid>;
  /** By the id of the sample. */
  readonly position: Loader<string, SamplePosition>;
  /** Rows met elsewhere answer `container` without a call. */
  readonly remember: (rows: readonly ContainerRow[]) => readonly ContainerRow[];
};

export function storageLoaders(client: StorageClient): StorageLoaders {
  let all: Promise<readonly StorageLocation[]> | undefined;
  const locations = (): Promise<readonly StorageLocation[]> => {
    all ??= client.locations();
    return all;
  };
  const rows = new Map<string, ContainerRow>();
  const remember = (met: readonly ContainerRow[]): readonly ContainerRow[] => {
    for (const row of met) rows.set(row.id, row);
    return met;
  };
  const detail = eachLoader(async (id: string): Promise<ContainerDetail | null> => {
    const found = await client.container(id);
    if (found !== null) remember([found.container, ...found.children]);
    return found;
  });
  return {
    locations,
    location: uuidLoader({ load: async (id) => (await locations()).find((location) => location.id === id) ?? null }),
    container: uuidLoader({ load: async (id) => rows.get(id) ?? (await detail.load(id))?.container ?? null }),
    children: uuidLoader({ load: async (id) => (await detail.load(id))?.children ?? null }),
    occupants: uuidLoader(eachLoader(client.occupants)),
    grid: uuidLoader(eachLoader(client.grid)),
    position: uuidLoader(eachLoader(client.position)),
    remember,
  };
}
