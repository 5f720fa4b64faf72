import type { Sample } from '#ops/sandbox/data/samples.ts';
import { seedSamples } from '#ops/sandbox/data/samples.ts';
import { encode, insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { openDatabase, prepare, preparedOnce } from '#ops/sandbox/database.ts';
import type { SampleList } from './bodies.ts';

export type SamplePage = {
  readonly samples: readonly Sample[];
  readonly total_count: number;
  readonly page: number;
  readonly page_size: number;
  readonly total_pages: number;
};

export type SampleStore = Disposable & {
  readonly find: (id: string) => Sample | undefined;
  readonly findByBarcode: (barcode: string) => Sample | undefined;
  readonly list: (query: SampleList) => SamplePage;
  readonly insert: (sample: Sample) => void;
  /** Overwrites every column of the sample of that id. */
  readonly replace: (sample: Sample) => void;
  readonly countBy: (column: 'status' | 'sample_type') => ReadonlyMap<string, number>;
  readonly countCreatedSince: (time: string) => number;
  readonly atOnce: <Result>(change: () => Result) => Result;
};

const columns = [
  'id',
  'name',
  'barcode',
  'sample_type',
  'status',
  'template_id',
  'source_type',
  'source_identifier',
  'collection_date',
  'collection_location',
  'collector',
  'concentration',
  'volume',
  'unit',
  'quality_score',
  'metadata',
  'notes',
  'created_at',
  'updated_at',
  'created_by',
  'updated_by',
] as const satisfies readonly (keyof Sample)[];

const schema = `
  CREATE TABLE samples (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, barcode TEXT NOT NULL UNIQUE, sample_type TEXT NOT NULL, status TEXT NOT NULL,
    template_id TEXT, source_type TEXT, source_identifier TEXT, collection_date TEXT, collection_location TEXT, collector TEXT,
    concentration REAL, volume REAL, unit TEXT, quality_score REAL, metadata TEXT, notes TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, created_by TEXT, updated_by TEXT
  ) WITHOUT ROWID;
  CREATE INDEX samples_by_age ON samples (created_at DESC, id);
  CREATE INDEX samples_by_status ON samples (status);
`;

const orders = {
  created_at: 'created_at DESC, id',
  updated_at: 'updated_at DESC, id',
  name: 'name, id',
  status: 'status, id',
} as const;

/** The WHERE of each filter; a parameter of the same name carries its value. All times are UTC text of one form. */
const filters = {
  status: 'status = :status',
  sample_type: 'sample_type = :sample_type',
  template_id: 'template_id = :template_id',
  created_after: 'created_at >= :created_after',
  created_before: 'created_at <= :created_before',
  search: 'instr(lower(name || char(10) || barcode || char(10) || coalesce(notes, char(10))), lower(:search)) > 0',
} as const;

const filterNames = Object.keys(filters) as (keyof typeof filters)[];

/** A sample as the database keeps it: metadata is JSON text. */
type Row = Omit<Sample, 'metadata'> & { readonly metadata: string | null };

export function openSampleStore(): SampleStore {
  const database = openDatabase(schema);
  const insert = insertInto(database, 'samples', columns);
  const byId = prepare<Row>(database, 'SELECT * FROM samples WHERE id = :id');
  const byBarcode = prepare<Row>(database, 'SELECT * FROM samples WHERE barcode = :barcode');
  const update = prepare(database, `UPDATE samples SET ${columns.map((name) => `${name} = :${name}`).join(', ')} WHERE id = :id`);
  const since = prepare<{ total: number }>(database, 'SELECT COUNT(*) AS total FROM samples WHERE created_at >= :time');
  const groups = preparedOnce<{ word: string; total: number }>(database);
  const atOnce = <Result>(change: () => Result): Result => transaction(database, change);
  atOnce(() => seedSamples().forEach(insert));
  return {
    find: (id) => sampleOf(byId.one({ id })),
    findByBarcode: (barcode) => sampleOf(byBarcode.one({ barcode })),
    list: pageReader(preparedOnce(database), preparedOnce(database)),
    insert,
    replace: (sample) => void update.run(Object.fromEntries(columns.map((name) => [name, encode(sample[name])]))),
    countBy: (column) => {
      const rows = groups(`SELECT ${column} AS word, COUNT(*) AS total FROM samples GROUP BY ${column}`).all();
      return new Map(rows.map(({ word, total }) => [word, total]));
    },
    countCreatedSince: (time) => since.one({ time })?.total ?? 0,
    atOnce,
    [Symbol.dispose]: () => database.close(),
  };
}

type Prepared<Result> = ReturnType<typeof preparedOnce<Result>>;

/** One query for the rows of the page and one for the total, each prepared once per set of filters. */
function pageReader(rows: Prepared<Row>, totals: Prepared<{ total: number }>): SampleStore['list'] {
  return (query) => {
    const page = Math.max(query.page, 1);
    const size = Math.min(Math.max(query.page_size, 1), 1_000);
    const names = filterNames.filter((name) => query[name] !== undefined);
    const where = names.length === 0 ? '' : `WHERE ${names.map((name) => filters[name]).join(' AND ')}`;
    const values = Object.fromEntries(names.map((name) => [name, query[name] ?? null]));
    const total = totals(`SELECT COUNT(*) AS total FROM samples ${where}`).one(values)?.total ?? 0;
    const select = `SELECT * FROM samples ${where} ORDER BY ${orders[query.sort_by]} LIMIT :limit OFFSET :offset`;
    const found = rows(select).all({ ...values, limit: size, offset: (page - 1) * size });
    return { samples: found.map(parsedRow), total_count: total, page, page_size: size, total_pages: Math.ceil(total / size) };
  };
}

const sampleOf = (row: Row | undefined): Sample | undefined => row && parsedRow(row);

const parsedRow = (row: Row): Sample => ({ ...row, metadata: row.metadata === null ? null : JSON.parse(row.metadata) });
