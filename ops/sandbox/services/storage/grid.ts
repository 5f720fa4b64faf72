import type { DatabaseSync } from 'node:sqlite';
import type { Row } from '#ops/sandbox/data/table.ts';
import { asNumber } from './answers.ts';

/** Children that have a place in the grid, each with the sample in it; a child without grid_position is left out. */
const cells = `
  SELECT child.id AS container_id, child.name AS position_identifier, child.temperature_zone,
    child.grid_position ->> 'row' AS row, child.grid_position ->> 'column' AS "column",
    child.occupied_count > 0 AS is_occupied, assignments.sample_id
  FROM containers AS child
  LEFT JOIN assignments ON assignments.container_id = child.id AND assignments.removed_at IS NULL
  WHERE child.parent_container_id = ? AND child.grid_position IS NOT NULL
  ORDER BY row, "column"
`;

export function gridOf(db: DatabaseSync): (container: Row, options: { readonly include_empty: boolean }) => object {
  const children = db.prepare(cells);
  return (container, { include_empty }) => {
    const positions = children.all(container['id'] ?? null).map(asCell);
    return {
      container_id: container['id'],
      container_name: container['name'],
      container_type: container['container_type'],
      grid_dimensions: dimensionsOf(container, positions),
      positions: include_empty ? positions : positions.filter((cell) => cell.is_occupied),
    };
  };
}

function asCell(row: Row) {
  const occupied = row['is_occupied'] === 1;
  return {
    container_id: row['container_id'],
    position_identifier: row['position_identifier'],
    row: asNumber(row['row']),
    column: asNumber(row['column']),
    is_occupied: occupied,
    sample_id: row['sample_id'] ?? null,
    sample_barcode: null,
    sample_type: null,
    status: occupied ? 'occupied' : 'available',
    temperature_zone: row['temperature_zone'],
  };
}

/** The declared dimensions; a container without any is as large as its outermost cells. */
function dimensionsOf(container: Row, cells: readonly { readonly row: number; readonly column: number }[]) {
  const declared: unknown = typeof container['dimensions'] === 'string' ? JSON.parse(container['dimensions']) : null;
  const { rows, columns } = isSize(declared)
    ? declared
    : { rows: Math.max(0, ...cells.map((cell) => cell.row)), columns: Math.max(0, ...cells.map((cell) => cell.column)) };
  return { rows, columns, total_positions: rows * columns };
}

function isSize(value: unknown): value is { readonly rows: number; readonly columns: number } {
  if (typeof value !== 'object' || value === null || !('rows' in value) || !('columns' in value)) return false;
  return typeof value.rows === 'number' && typeof value.columns === 'number';
}
