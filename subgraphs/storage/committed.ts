import { isDeepStrictEqual } from 'node:util';
import type { SamplePosition, StorageLocation } from './answers.ts';
import type { LocationChange, NewContainer } from './bounds.ts';
import type { StorageClient } from './client.ts';

/* Whether a write took effect although its answer did not arrive, told from what the service knows now. */

export function locationIsAs({ maxCapacity, ...wanted }: LocationChange, location: StorageLocation | undefined): boolean {
  if (location === undefined) return false;
  const found = new Map<string, unknown>(Object.entries(location));
  const same = Object.entries(wanted).every(([name, value]) => value == null || isDeepStrictEqual(found.get(name), value));
  return same && (maxCapacity == null || location.capacity.total === maxCapacity);
}

/** Where a sample should be by now; null for nowhere. */
type Wanted = { readonly containerId: string; readonly positionIdentifier?: string | null | undefined } | null;

export function isPlaced(wanted: Wanted, found: SamplePosition | null): boolean {
  if (wanted === null || found === null) return wanted === found;
  const { containerId, positionIdentifier } = wanted;
  return found.containerId === containerId && (positionIdentifier ?? null) === found.positionIdentifier;
}

/** How far the service's clock may be behind ours. */
const skewMs = 5_000;

/** A new row has an id that only its lost answer told; `since` is when the write began, by our clock. */
export const isNewSince = (since: number, { createdAt }: { readonly createdAt: string }): boolean =>
  Date.parse(createdAt) >= since - skewMs;

/** Looks among the first thousand containers of the kind beside which the new one would stand. */
export async function hasContainer(wanted: NewContainer, since: number, client: StorageClient): Promise<boolean> {
  const { name, type, parentId = null, barcode = null } = wanted;
  const { rows } = await client.containers({ page: 1, size: 1_000, filter: { type, parentId } });
  return rows.some((row) => row.name === name && row.parentId === parentId && row.barcode === barcode && isNewSince(since, row));
}
