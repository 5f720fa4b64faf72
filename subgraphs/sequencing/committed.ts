import { isDeepStrictEqual } from 'node:util';
import { areAsGiven } from '#kit/tenancy.ts';
import type { JobDetail, SampleSheet } from './answers.ts';
import type { JobChange, SheetChange, SheetLine } from './bounds.ts';
import type { Page, PageRequest, SheetDetail } from './client.ts';
import { maxPageSize } from './client.ts';

/* Whether a write took effect although its answer did not arrive, told from what the service knows now. */

export function jobIsAs(wanted: JobChange, job: JobDetail | null): boolean {
  if (job === null) return false;
  const { estimatedStart, metadata, ...others } = wanted;
  if (metadata != null && !areAsGiven(metadata, job.metadata)) return false;
  return holds(others, job) && (estimatedStart == null || sameMoment(estimatedStart, job.estimatedStart));
}

export function sheetIsAs({ lines, runParameters, ...wanted }: SheetChange, detail: SheetDetail | null): boolean {
  if (detail === null || runParameters != null) return false;
  return holds(wanted, detail.sheet) && (lines == null || isDeepStrictEqual(lines.map(asTold), detail.entries.map(asTold)));
}

type Created = { readonly createdAt: string };

type Search<Row> = {
  readonly page: (request: PageRequest) => Promise<Page<Row>>;
  /** When the write began, by our clock. */
  readonly since: number;
  readonly isIt: (row: Row) => boolean;
};

/** How far the service's clock may be behind ours. */
const skewMs = 5_000;

/** A new row has an id that only its lost answer told; among the newest it is found by what was asked for. */
export async function isAmongNewest<Row extends Created>({ page, since, isIt }: Search<Row>): Promise<boolean> {
  const { rows } = await page({ page: 1, size: maxPageSize });
  return rows.some((row) => Date.parse(row.createdAt) >= since - skewMs && isIt(row));
}

function holds(wanted: object, found: JobDetail | SampleSheet): boolean {
  const values = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(([name, value]) => value == null || isDeepStrictEqual(values.get(name), value));
}

const sameMoment = (wanted: string, found: string | null): boolean => found !== null && Date.parse(wanted) === Date.parse(found);

type Told = Partial<SheetLine> & { readonly sampleIdRaw?: string };

const asTold = ({ sampleId, sampleIdRaw, sampleName, plate, well, index1, index2, project, description }: Told) =>
  [sampleIdRaw ?? sampleId, sampleName, plate, well, index1, index2, project, description].map((value) => value ?? null);
