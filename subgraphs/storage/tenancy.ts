import { ExpectedError } from '#kit/errors.ts';
import type { OwnSamples } from '#kit/own-samples.ts';
import { forLaboratory } from '#kit/tenancy.ts';
import type { SamplePosition } from './answers.ts';
import type { StorageClient } from './client.ts';
import type { StorageWrites } from './writes.ts';

/*
 * Places are the laboratory's, for all to see but not their free-form remarks; what lies in them is its sample's
 * organization's. Where another's sample lies a tenant sees that it is taken, and nothing else.
 */

export function ownClient(client: StorageClient, samples: OwnSamples): StorageClient {
  const isOwn = async (sampleId: string): Promise<boolean> => (await samples.told.load(sampleId)) !== null;
  return {
    locations: async () => (await client.locations()).map(withoutRemarks),
    async containers(request) {
      const { rows, total } = await client.containers(request);
      return { rows: rows.map(withoutRemarks), total };
    },
    async container(id) {
      const found = await client.container(id);
      return found && { container: withoutRemarks(found.container), children: found.children.map(withoutRemarks) };
    },
    async occupants(containerId) {
      const found = await client.occupants(containerId);
      return found && ownOnly(found, ({ sampleId }) => isOwn(sampleId));
    },
    async grid(containerId) {
      const found = await client.grid(containerId);
      return found && { ...found, cells: await Promise.all(found.cells.map((cell) => unnamed(cell, isOwn))) };
    },
    available: async () => (await client.available()).map(withoutRemarks),
    position: async (sampleId) => ((await samples.given.load(sampleId)) === null ? null : client.position(sampleId)),
  };
}

type Remarks = { readonly description: string | null; readonly metadata: unknown };

const withoutRemarks = <Place extends Remarks>(place: Place): Place => ({ ...place, description: null, metadata: null });

type IsOwn = (sampleId: string) => Promise<boolean>;

async function ownOnly(
  positions: readonly SamplePosition[],
  isOwn: (position: SamplePosition) => Promise<boolean>,
): Promise<readonly SamplePosition[]> {
  const owned = await Promise.all(positions.map(isOwn));
  return positions.filter((_, index) => owned[index]);
}

const unnamed = async <Cell extends { readonly sampleId: string | null }>(cell: Cell, isOwn: IsOwn): Promise<Cell> =>
  cell.sampleId === null || (await isOwn(cell.sampleId)) ? cell : { ...cell, sampleId: null };

/** A tenant puts away and takes out its own samples, and changes no place. */
export function ownWrites(writes: StorageWrites, samples: OwnSamples): StorageWrites {
  const refuse = async (): Promise<never> => {
    throw forLaboratory();
  };
  const mustBeOwn = async (sampleId: string): Promise<void> => {
    if ((await samples.given.load(sampleId)) === null)
      throw new ExpectedError('NOT_FOUND', 'sampleId: there is no such sample.', { extensions: { field: 'sampleId' } });
  };
  return {
    createLocation: refuse,
    changeLocation: refuse,
    deleteLocation: refuse,
    createContainer: refuse,
    async assign(assignment) {
      await mustBeOwn(assignment.sampleId);
      return writes.assign(assignment);
    },
    async move(move) {
      await mustBeOwn(move.sampleId);
      return writes.move(move);
    },
    async remove(sampleId, reason) {
      await mustBeOwn(sampleId);
      return writes.remove(sampleId, reason);
    },
  };
}
