import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { decode } from '#ops/sandbox/data/table.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';

/** The envelope around every success, placeholders included. */
export const envelope = (clock: Clock, data: unknown) => ({
  success: true,
  data,
  message: null,
  timestamp: new Date(clock.now()).toISOString(),
});

export const asLocation = (row: Row) => decode(row, ['coordinates', 'metadata']);

export const asContainer = (row: Row) =>
  decode(row, ['grid_position', 'dimensions', 'container_metadata', 'access_restrictions']);

export const asAssignment = (row: Row) =>
  decode(row, ['storage_conditions', 'special_requirements', 'chain_of_custody', 'position_metadata']);

export const asNumber = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** The texts of the 404s, by what is missing (contract section 1.3). */
export const missing = {
  location: () => new ServiceFailure(404, 'Not found'),
  container: () => new ServiceFailure(404, 'Storage location not found'),
  sample: () => new ServiceFailure(404, 'Sample not found'),
};

export const invalid = (message: string): ServiceFailure => new ServiceFailure(400, message);
