import type { Cell, Column, ColumnType, Frame } from '#ops/sandbox/data/graph-frames.ts';
import { frameNamed, sourceKey, targetKey } from '#ops/sandbox/data/graph-frames.ts';
import { exactInteger } from './exact-json.ts';

/**
 * The engine's name for a column's type. INT128 is the only integer its binding hands over with all digits, so columns and
 * what is computed from them are exact; a literal beyond 2^53 in the text of a query is 64 bits wide and arrives rounded.
 */
export const engineTypes: Readonly<Record<ColumnType, string>> = {
  boolean: 'BOOL',
  int: 'INT128',
  uint: 'INT128',
  float: 'DOUBLE',
  text: 'STRING',
  date: 'DATE',
  // The engine has no time of day.
  time: 'STRING',
  datetime: 'TIMESTAMP',
  duration: 'INTERVAL',
  'list<text>': 'STRING[]',
};

/**
 * A value of the engine as it stands in an answer. A vertex becomes `{frame, key, properties}`, an edge
 * `{frame, source_key, target_key, properties}`, a path `{vertices, edges}`; `properties` leaves the keys out.
 */
export function cellOf(value: unknown, type: string): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return exactInteger(value);
  if (typeof value === 'number') return type === 'INTERVAL' ? isoDuration(value) : value;
  if (value instanceof Date) return type === 'DATE' ? localDateTime(value).slice(0, 10) : localDateTime(value);
  if (Array.isArray(value)) return value.map((item) => cellOf(item, type.replace(/\[\]$/, '')));
  return typeof value === 'object' ? compound(value, type) : value;
}

/** The same for a value of the seed data. */
export function seedCell(value: Cell | undefined, type: ColumnType): unknown {
  return cellOf(value, engineTypes[type]);
}

type Compound = Readonly<Record<string, unknown>>;

function compound(value: object, type: string): unknown {
  const fields: Compound = { ...value };
  if (type === 'INTERNAL_ID') return `${fields['table']}:${fields['offset']}`;
  if ('_nodes' in fields) return { vertices: cellOf(fields['_nodes'], 'NODE[]'), edges: cellOf(fields['_rels'], 'REL[]') };
  const frame = '_label' in fields ? frameNamed(String(fields['_label'])) : undefined;
  if (frame !== undefined) return graphElement(frame, fields);
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, cellOf(field, '')]));
}

function graphElement(frame: Frame, fields: Compound): unknown {
  const keys = frame.kind === 'vertex' ? [frame.key] : [sourceKey, targetKey];
  const properties = frame.columns.filter(([name]) => !keys.includes(name)).map((column) => propertyOf(fields, column));
  const named = keys.map((name) => [frame.kind === 'vertex' ? 'key' : name, fields[name]]);
  return { frame: frame.name, ...Object.fromEntries(named), properties: Object.fromEntries(properties) };
}

function propertyOf(fields: Compound, [name, type]: Column): readonly [string, unknown] {
  return [name, cellOf(fields[name], engineTypes[type])];
}

/** Without zone, as everything in xGT; a fraction only where there is one. */
function localDateTime(date: Date): string {
  return date.toISOString().replace('Z', '').replace('.000', '');
}

/** ISO 8601 in days, hours, minutes and seconds, for example P1DT2H30M. */
function isoDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? '-' : '';
  const total = Math.abs(milliseconds);
  const [days, hours, minutes] = [
    Math.floor(total / 86_400_000),
    Math.floor(total / 3_600_000) % 24,
    Math.floor(total / 60_000) % 60,
  ];
  const seconds = (total % 60_000) / 1_000;
  const time = [hours && `${hours}H`, minutes && `${minutes}M`, seconds && `${seconds}S`].filter(Boolean).join('');
  const date = days ? `${days}D` : '';
  return date === '' && time === '' ? 'PT0S' : `${sign}P${date}${time && `T${time}`}`;
}
