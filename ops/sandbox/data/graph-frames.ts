/** The frames of graph `lab`: names, keys and columns, with xGT's types (contract section 2.1). */

export const labGraph = 'lab';

export type ColumnType = 'boolean' | 'int' | 'uint' | 'float' | 'text' | 'date' | 'time' | 'datetime' | 'duration' | 'list<text>';

export type Column = readonly [name: string, type: ColumnType];

/** A value of a column as it travels: dates and times as text without zone, durations in milliseconds. */
export type Cell = string | number | bigint | boolean | null | readonly string[];

export type FrameRow = Readonly<Record<string, Cell>>;

export type VertexFrame = {
  readonly kind: 'vertex';
  readonly name: string;
  readonly key: string;
  readonly columns: readonly Column[];
};

export type EdgeFrame = {
  readonly kind: 'edge';
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** The first two are the keys of the vertices an edge joins. */
  readonly columns: readonly Column[];
};

type TableFrame = { readonly kind: 'table'; readonly name: string; readonly columns: readonly Column[] };

export type Frame = VertexFrame | EdgeFrame | TableFrame;

const vertexKey = 'key';
export const sourceKey = 'source_key';
export const targetKey = 'target_key';

const ends = [
  [sourceKey, 'text'],
  [targetKey, 'text'],
] as const;

export const vertexFrames = [
  {
    kind: 'vertex',
    name: 'Sample',
    key: vertexKey,
    columns: [
      [vertexKey, 'text'],
      ['name', 'text'],
      ['barcode', 'text'],
      ['sample_type', 'text'],
      ['status', 'text'],
      ['is_stored', 'boolean'],
      ['concentration', 'float'],
      ['created_at', 'datetime'],
      ['tags', 'list<text>'],
      ['organization_id', 'text'],
    ],
  },
  {
    kind: 'vertex',
    name: 'Subject',
    key: vertexKey,
    columns: [
      [vertexKey, 'text'],
      ['species', 'text'],
      ['sex', 'text'],
      ['birth_date', 'date'],
      ['consented', 'boolean'],
    ],
  },
  {
    kind: 'vertex',
    name: 'Library',
    key: vertexKey,
    columns: [
      [vertexKey, 'text'],
      ['kit', 'text'],
      ['insert_size', 'uint'],
      ['prepared_at', 'datetime'],
      ['organization_id', 'text'],
    ],
  },
  {
    kind: 'vertex',
    name: 'Run',
    key: vertexKey,
    columns: [
      [vertexKey, 'text'],
      ['job_id', 'text'],
      ['run_id', 'text'],
      ['platform', 'text'],
      ['started_at', 'datetime'],
      ['shift_start', 'time'],
      ['length', 'duration'],
      ['total_bases', 'uint'],
      ['checksum', 'int'],
    ],
  },
] as const satisfies readonly VertexFrame[];

export const edgeFrames = [
  {
    kind: 'edge',
    name: 'DERIVED_FROM',
    source: 'Sample',
    target: 'Sample',
    columns: [...ends, ['method', 'text'], ['derived_at', 'datetime'], ['yield_ratio', 'float']],
  },
  {
    kind: 'edge',
    name: 'COLLECTED_FROM',
    source: 'Sample',
    target: 'Subject',
    columns: [...ends, ['collected_on', 'date'], ['site', 'text']],
  },
  {
    kind: 'edge',
    name: 'PREPARED_AS',
    source: 'Sample',
    target: 'Library',
    columns: [...ends, ['protocol', 'text'], ['input_ng', 'float']],
  },
  {
    kind: 'edge',
    name: 'SEQUENCED_IN',
    source: 'Library',
    target: 'Run',
    columns: [...ends, ['lane', 'uint'], ['reads', 'uint']],
  },
] as const satisfies readonly EdgeFrame[];

/** Read through its rows only: Cypher sees vertices and edges. */
const tableFrame = {
  kind: 'table',
  name: 'RunMetrics',
  columns: [
    ['run', 'text'],
    ['lane', 'uint'],
    ['q30', 'float'],
    ['clusters', 'uint'],
    ['temperature_offset', 'int'],
    ['measured_at', 'datetime'],
  ],
} as const satisfies TableFrame;

export const frames: readonly Frame[] = [...vertexFrames, ...edgeFrames, tableFrame];

export type FrameName = (typeof vertexFrames | typeof edgeFrames)[number]['name'] | typeof tableFrame.name;

export const frameNamed = (name: string): Frame | undefined => frames.find((frame) => frame.name === name);
