import type { Container, ContainerRow, StorageLocation } from './answers.ts';
import type { StorageLoaders } from './loaders.ts';

/** A freezer holds three levels; the rest is for laboratories that nest deeper, and ends a circle that nobody should make. */
const maxLevels = 6;

/** All of a container: itself, or what a stub stands for. */
export const rowOf = async (container: Container, { container: rows }: StorageLoaders): Promise<ContainerRow | null> =>
  container.kind === 'row' ? container : rows.load(container.id);

/** The containers around a container and itself, from the outermost down. */
export async function pathOf(container: Container, loaders: StorageLoaders): Promise<readonly ContainerRow[]> {
  const path: ContainerRow[] = [];
  for await (const row of upwards(container, loaders)) path.unshift(row);
  return path;
}

/** The own location of a container, else that of the nearest container around it that has one. */
export async function locationOf(container: Container, loaders: StorageLoaders): Promise<StorageLocation | null> {
  const named = container.kind === 'stub' ? await onlyOneNamed(container.locationName, loaders) : null;
  if (named !== null) return named;
  for await (const { locationId } of upwards(container, loaders)) {
    if (locationId !== null) return loaders.location.load(locationId);
  }
  return null;
}

/** A sample's position tells its location by name, which is as good as an id while nothing else has that name. */
async function onlyOneNamed(name: string | null, { locations }: StorageLoaders): Promise<StorageLocation | null> {
  if (name === null) return null;
  const [first, second] = (await locations()).filter((location) => location.name === name);
  return second === undefined ? (first ?? null) : null;
}

async function* upwards(container: Container, loaders: StorageLoaders): AsyncGenerator<ContainerRow> {
  const met = new Set<string>();
  let row = await rowOf(container, loaders);
  while (row !== null && !met.has(row.id) && met.size < maxLevels) {
    yield row;
    met.add(row.id);
    row = row.parentId === null ? null : await loaders.container.load(row.parentId);
  }
}
