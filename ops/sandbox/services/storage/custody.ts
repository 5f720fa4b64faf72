import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { asAssignment, asNumber, invalid, missing } from './answers.ts';
import { assignmentColumns } from './database.ts';

type Placement = {
  readonly id: string;
  readonly container_id: string;
  readonly position_identifier?: string | null | undefined;
  readonly notes?: string | null | undefined;
};

type NewPlacement = Placement & {
  readonly sample_id: string;
  readonly assigned_by?: string | null | undefined;
  readonly storage_conditions?: unknown;
  readonly special_requirements?: unknown;
};

type Reason = { readonly by?: string | null | undefined; readonly reason?: string | null | undefined };

/** What a placement passes on to the next one when its sample moves. */
type Carried = {
  readonly storage_conditions: unknown;
  readonly special_requirements: unknown;
  readonly chain: readonly unknown[];
};

/** Who is where: a sample has at most one place, a position at most its capacity of samples, and each step is on record. */
export function custody(db: DatabaseSync, clock: Clock) {
  const byId = db.prepare('SELECT * FROM assignments WHERE id = ?');
  const bySample = db.prepare('SELECT * FROM assignments WHERE sample_id = ? AND removed_at IS NULL');
  const insert = insertInto(db, 'assignments', assignmentColumns);
  const close = db.prepare(`
    UPDATE assignments SET removed_at = :now, updated_at = :now, removed_by = :by, status = 'available', chain_of_custody = :chain
    WHERE id = :id
  `);
  const { count, requireFree } = occupancy(db);
  const now = () => new Date(clock.now()).toISOString();

  const place = (placement: NewPlacement, { chain, ...conditions }: Carried) => {
    const time = now();
    insert({
      ...placement,
      ...conditions,
      assigned_at: time,
      status: 'occupied',
      chain_of_custody: chain,
      position_metadata: {},
      created_at: time,
      updated_at: time,
    });
    count(placement.container_id, 1);
    return asAssignment(byId.get(placement.id) ?? {});
  };

  const leave = (assignment: Row, { by, event }: { readonly by: string | null; readonly event: object }) => {
    const chain = [...chainOf(assignment), event];
    close.run({ id: String(assignment['id']), now: now(), by, chain: JSON.stringify(chain) });
    count(String(assignment['container_id']), -1);
    return chain;
  };

  return {
    assign(placement: NewPlacement) {
      requireFree(placement.container_id);
      if (bySample.get(placement.sample_id) !== undefined) throw invalid('Sample is already assigned to a storage position');
      const event = { action: 'assigned', timestamp: now(), by: placement.assigned_by ?? null, ...whereIs(placement) };
      return transaction(db, () =>
        place(placement, {
          storage_conditions: placement.storage_conditions ?? {},
          special_requirements: placement.special_requirements ?? {},
          chain: [event],
        }),
      );
    },

    move(sampleId: string, { by = null, reason = null, ...placement }: Placement & Reason) {
      const current = bySample.get(sampleId);
      if (current === undefined) throw missing.sample();
      requireFree(placement.container_id);
      const from = current['container_id'];
      const event = { action: 'moved', timestamp: now(), by, reason, from_container_id: from, ...whereIs(placement) };
      const { storage_conditions, special_requirements } = asAssignment(current);
      return transaction(db, () => {
        const chain = leave(current, { by, event });
        return place({ ...placement, sample_id: sampleId, assigned_by: by }, { storage_conditions, special_requirements, chain });
      });
    },

    /** False when the sample is not stored. */
    remove(sampleId: string, { by = null, reason = null }: Reason): boolean {
      const current = bySample.get(sampleId);
      if (current === undefined) return false;
      const event = { action: 'removed', timestamp: now(), by, reason, container_id: current['container_id'] };
      transaction(db, () => leave(current, { by, event }));
      return true;
    },
  };
}

/** A container and everything around it, up to the location it stands in. */
const climb = `
  WITH RECURSIVE climb (id, parent, location) AS (
    SELECT id, parent_container_id, location_id FROM containers WHERE id = :id
    UNION ALL
    SELECT up.id, up.parent_container_id, up.location_id FROM climb JOIN containers AS up ON up.id = climb.parent
  )
`;

/** The counts of positions and of what is around them. */
function occupancy(db: DatabaseSync) {
  const containerById = db.prepare('SELECT * FROM containers WHERE id = ?');
  const countContainers = db.prepare(`
    ${climb} UPDATE containers SET occupied_count = occupied_count + :change WHERE id IN (SELECT id FROM climb)
  `);
  const countLocations = db.prepare(`
    ${climb} UPDATE locations SET current_capacity = current_capacity + :change WHERE id IN (SELECT location FROM climb)
  `);
  return {
    count(containerId: string, change: 1 | -1): void {
      countContainers.run({ id: containerId, change });
      countLocations.run({ id: containerId, change });
    },

    requireFree(containerId: string): void {
      const container = containerById.get(containerId);
      if (container === undefined) throw missing.container();
      if (container['container_type'] !== 'position') throw invalid('Samples can only be assigned to position containers');
      if (asNumber(container['occupied_count']) >= asNumber(container['capacity'])) throw invalid('Position is already occupied');
    },
  };
}

function whereIs({ container_id, position_identifier = null }: Placement) {
  return { container_id, position_identifier };
}

function chainOf(assignment: Row): readonly unknown[] {
  const { chain_of_custody } = asAssignment(assignment);
  return Array.isArray(chain_of_custody) ? chain_of_custody : [];
}
