import { createHash } from 'node:crypto';
import type { SheetSample } from '#ops/sandbox/data/jobs.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { parsed } from '#ops/sandbox/data/table.ts';

/** The lines of a sheet in the words of the answer. */
export function asEntries(sheet: Row) {
  const sheetId = String(sheet['id']);
  return samplesOf(sheet).map((sample, index) => ({
    id: entryId(sheetId, index),
    sample_sheet_id: sheetId,
    sample_id: sample.Sample_ID,
    sample_name: sample.Sample_Name,
    sample_plate: sample.Sample_Plate ?? null,
    sample_well: sample.Sample_Well ?? sample.Well ?? null,
    index1: sample.I7_Index_ID ?? sample.Index ?? null,
    index2: sample.I5_Index_ID ?? null,
    project: sample.Sample_Project ?? null,
    description: sample.Description ?? null,
  }));
}

/** A sample, a well and a pair of indexes may each stand in a sheet once; a missing index is worth a warning. */
export function faultsOf(sheet: Row) {
  const entries = asEntries(sheet);
  const indexes = entries.filter((entry) => entry.index1 !== null).map((entry) => `${entry.index1}/${entry.index2 ?? '-'}`);
  const wells = entries.filter((entry) => entry.sample_well !== null);
  const errors = [
    ...repeated(entries.map((entry) => entry.sample_id)).map((id) => `Sample "${id}" is listed more than once`),
    ...repeated(wells.map((entry) => `${entry.sample_plate ?? '-'}/${entry.sample_well}`)).map(
      (well) => `Well "${well}" is used more than once`,
    ),
    ...repeated(indexes).map((index) => `Index "${index}" is used more than once`),
  ];
  const warnings = entries.filter((entry) => entry.index1 === null).map((entry) => `Sample "${entry.sample_id}" has no index`);
  return { is_valid: errors.length === 0, errors, warnings };
}

function samplesOf(sheet: Row): readonly SheetSample[] {
  const samples = parsed(sheet['samples_data'] ?? null);
  return Array.isArray(samples) ? samples : [];
}

/** Lines are kept inside their sheet, so their ids are made from it: the same line always has the same one. */
function entryId(sheetId: string, index: number): string {
  const hash = createHash('sha256').update(`${sheetId}/${index}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function repeated(values: readonly string[]): readonly string[] {
  const again = values.filter((value, index) => values.indexOf(value) !== index);
  return [...new Set(again)];
}
