import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { asNumber, envelope } from './answers.ts';

/** Shares of all positions, by whatever the caller groups them by. */
const positionTotals = `
  count(*) AS positions, sum(capacity) AS total_capacity, sum(occupied_count) AS occupied_count
  FROM containers WHERE container_type = 'position'
`;

export function capacityRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const byName = db.prepare('SELECT * FROM locations ORDER BY name');
  const overall = db.prepare(`SELECT ${positionTotals}`);
  const byZone = db.prepare(`SELECT temperature_zone, ${positionTotals} GROUP BY temperature_zone ORDER BY temperature_zone`);

  app.get('/storage/capacity/summary', async () => envelope(clock, byName.all().map(summaryOfLocation)));

  app.get('/storage/utilization', async () =>
    envelope(clock, {
      ...shares(overall.get() ?? {}),
      by_temperature_zone: byZone.all().map((row) => ({ temperature_zone: row['temperature_zone'], ...shares(row) })),
    }),
  );
}

/** Locations count as `warning` strictly above 80 % and as `critical` strictly above 95 %. */
export function capacityOfLocation(location: Row) {
  const max = asNumber(location['max_capacity']);
  const used = asNumber(location['current_capacity']);
  const percentage = percent(used, max);
  return {
    location_id: location['id'],
    max_capacity: max,
    current_capacity: used,
    utilization_percentage: percentage,
    available_capacity: max - used,
    status: percentage > 95 ? 'critical' : percentage > 80 ? 'warning' : 'normal',
  };
}

/** Containers reach `warning` at 80 % and `critical` at 95 %. */
export function capacityOfContainer(container: Row) {
  const total = asNumber(container['capacity']);
  const occupied = asNumber(container['occupied_count']);
  const percentage = percent(occupied, total);
  return {
    total_capacity: total,
    occupied_count: occupied,
    available_count: total - occupied,
    utilization_percentage: percentage,
    capacity_status: percentage >= 95 ? 'critical' : percentage >= 80 ? 'warning' : 'normal',
  };
}

function summaryOfLocation(location: Row) {
  return {
    location_name: location['name'],
    location_type: location['location_type'],
    temperature_zone: location['temperature_zone'],
    ...capacityOfLocation(location),
  };
}

function shares(row: Row) {
  const total = asNumber(row['total_capacity']);
  const occupied = asNumber(row['occupied_count']);
  return {
    total_positions: asNumber(row['positions']),
    total_capacity: total,
    occupied_count: occupied,
    available_count: total - occupied,
    utilization_percentage: percent(occupied, total),
  };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
}
