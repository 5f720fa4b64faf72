import type { OwnerOf } from '#ops/sandbox/data/owners.ts';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import { seedSamples } from '#ops/sandbox/data/samples.ts';
import { insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { openDatabase, prepare, preparedOnce } from '#ops/sandbox/database.ts';
import type { SampleList } from './bodies.ts';

type SamplePage = {
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
  /** Overwrites the sample of that id. */
  readonly replace: (sample: Sample) => void;
  readonly countBy: (column: 'status' | 'sample_type') => ReadonlyMap<string, number>;
  readonly countCreatedSince: (time: string) => number;
  readonly atOnce: <Result>(change: () => Result) => Result;
};

/** A sample is kept whole; the columns it is found and sorted by are computed from it. */
const schema = `
  CREATE TABLE samples (
    id TEXT PRIMARY KEY, content TEXT NOT NULL,
    name TEXT AS (content ->> 'name') STORED,
    barcode TEXT AS (content ->> 'barcode') STORED UNIQUE,
    sample_type TEXT AS (content ->> 'sample_type') STORED,
    status TEXT AS (content ->> 'status') STORED,
    template_id TEXT AS (content ->> 'template_id') STORED,
    notes TEXT AS (content ->> 'notes') STORED,
    created_at TEXT AS (content ->> 'created_at') STORED,
    updated_at TEXT AS (content ->> 'updated_at') STORED
  );
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

type Row = { readonly content: string };

export function openSampleStore(ownerOf: OwnerOf): SampleStore {
  const database = openDatabase(schema);
  const insertRow = insertInto(database, 'samples', ['id', 'content']);
  const insert = (sample: Sample) => insertRow({ id: sample.id, content: sample });
  const byId = prepare<Row>(database, 'SELECT content FROM samples WHERE id = :id');
  const byBarcode = prepare<Row>(database, 'SELECT content FROM samples WHERE barcode = :barcode');
  const update = prepare(database, 'UPDATE samples SET content = :content WHERE id = :id');
  const since = prepare<{ total: number }>(database, 'SELECT COUNT(*) AS total FROM samples WHERE created_at >= :time');
  const groups = preparedOnce<{ word: string; total: number }>(database);
  const atOnce = <Result>(change: () => Result): Result => transaction(database, change);
  atOnce(() => seedSamples(ownerOf).forEach(insert));
  return {
    find: (id) => byId.all({ id }).map(sampleOf).at(0),
    findByBarcode: (barcode) => byBarcode.all({ barcode }).map(sampleOf).at(0),
    list: pageReader(preparedOnce(database), preparedOnce(database)),
    insert,
    replace: (sample) => void update.run({ id: sample.id, content: JSON.stringify(sample) }),
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
    const select = `SELECT content FROM samples ${where} ORDER BY ${orders[query.sort_by]} LIMIT :limit OFFSET :offset`;
    const found = rows(select).all({ ...values, limit: size, offset: (page - 1) * size });
    return { samples: found.map(sampleOf), total_count: total, page, page_size: size, total_pages: Math.ceil(total / size) };
  };
}

const sampleOf = ({ content }: Row): Sample => JSON.parse(content);
