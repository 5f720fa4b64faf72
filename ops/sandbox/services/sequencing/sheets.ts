import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import { platforms } from '#ops/sandbox/data/jobs.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { insertInto, parsed, updateIn } from '#ops/sandbox/data/table.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { jsonObject, parseBody, parseQuery, uuid, uuidParam, wholeNumber } from '#ops/sandbox/parse.ts';
import { asSheet, countOf, invalid, missing, offsetOf, pagesOf, windowOf } from './answers.ts';
import { sheetColumns } from './database.ts';
import { asEntries, faultsOf } from './entries.ts';
import { finishedStates } from './states.ts';

const sheetStatuses = ['Draft', 'Validating', 'Validated', 'Valid', 'Invalid', 'InUse', 'Generated', 'Archived'] as const;

const text = z.string().nullish();
const SheetSample = z.object({
  Sample_ID: z.string(),
  Sample_Name: z.string(),
  Well: text,
  Index: text,
  Sample_Plate: text,
  Sample_Well: text,
  I7_Index_ID: text,
  I5_Index_ID: text,
  Sample_Project: text,
  Description: text,
});
const NewSheet = z.object({
  name: z.string(),
  platform: z.string(),
  run_parameters: jsonObject,
  samples: z.array(SheetSample),
  created_by: uuid.nullish(),
});
const SheetChange = NewSheet.omit({ created_by: true })
  .extend({ status: z.enum(sheetStatuses) })
  .partial();
const ListQuery = z.object({
  page: wholeNumber.default(1),
  page_size: wholeNumber.default(20),
  platform: z.string().nullable().default(null),
  status: z.enum(sheetStatuses).nullable().default(null),
  created_by: uuid.nullable().default(null),
});

const matching = `
  FROM sheets
  WHERE (:platform IS NULL OR platform_id = :platform) AND (:status IS NULL OR status = :status)
    AND (:created_by IS NULL OR created_by = :created_by)
`;

export function sheetRoutes(app: FastifyInstance, { db, clock }: { readonly db: DatabaseSync; readonly clock: Clock }): void {
  const { byId, list, add, change, remove, isInUse } = sheetTable(db, clock);

  const sheetOf = (request: FastifyRequest): Row => {
    const sheet = byId(uuidParam(request, 'id'));
    if (sheet === undefined) throw missing('Sample sheet');
    return sheet;
  };

  app.get('/sample-sheets', async (request) => ({ success: true, data: list(parseQuery(ListQuery, request)) }));

  app.post('/sample-sheets', async (request) => {
    const body = parseBody(NewSheet, request);
    check(body);
    return { success: true, data: asSheet(add(body)), message: 'Sample sheet created successfully' };
  });

  app.get('/sample-sheets/:id', async (request) => {
    const row = sheetOf(request);
    const entries = asEntries(row);
    const validation = parsed(row['validation']);
    return { success: true, data: { sample_sheet: asSheet(row), entries, validation, entry_count: entries.length } };
  });

  app.put('/sample-sheets/:id', async (request) => {
    const sheet = sheetOf(request);
    const body = parseBody(SheetChange, request);
    check(body);
    const { name, platform, status, ...content } = body;
    const updated = change(sheet, { name, platform_id: platform, ...contentOf(content), ...(status && { status }) });
    return { success: true, data: asSheet(updated), message: 'Sample sheet updated successfully' };
  });

  app.post('/sample-sheets/:id/validate', async (request) => {
    const sheet = sheetOf(request);
    const validation = { ...faultsOf(sheet), validated_at: new Date(clock.now()).toISOString() };
    const status = validation.is_valid ? 'Valid' : 'Invalid';
    const kept = isInUse(sheet) ? {} : { status };
    change(sheet, { ...kept, validation, validation_errors: validation.errors });
    return { success: validation.is_valid, data: validation, message: `Sample sheet is ${status.toLowerCase()}` };
  });

  app.delete('/sample-sheets/:id', async (request) => {
    const sheet = sheetOf(request);
    if (isInUse(sheet)) throw new ServiceFailure(409, 'Sample sheet is in use by an active job');
    remove(sheet);
    return { success: true, data: { id: sheet['id'] }, message: 'Sample sheet deleted successfully' };
  });
}

function sheetTable(db: DatabaseSync, clock: Clock) {
  const selectById = db.prepare('SELECT * FROM sheets WHERE id = ?');
  const select = db.prepare(`SELECT * ${matching} ORDER BY created_at DESC, rowid DESC LIMIT :limit OFFSET :offset`);
  const count = db.prepare(`SELECT count(*) AS count ${matching}`);
  const insert = insertInto(db, 'sheets', sheetColumns);
  const update = updateIn(db, 'sheets');
  const deleteById = db.prepare('DELETE FROM sheets WHERE id = ?');
  const finished = finishedStates.map((state) => `'${state}'`).join(', ');
  const activeJob = db.prepare(`SELECT id FROM jobs WHERE sample_sheet_id = ? AND status NOT IN (${finished}) LIMIT 1`);
  const now = () => new Date(clock.now()).toISOString();
  const byId = (id: string): Row | undefined => selectById.get(id);

  return {
    byId,

    list({ page, page_size, ...filter }: z.infer<typeof ListQuery>) {
      const window = windowOf(page, page_size);
      const rows = select.all({ ...filter, ...offsetOf(window) });
      return { sample_sheets: rows.map(asSheet), pagination: pagesOf(window, countOf(count.get(filter))) };
    },

    add({ name, platform, created_by, ...content }: z.infer<typeof NewSheet>): Row {
      const id = randomUUID();
      insert({
        id,
        name,
        platform_id: platform,
        version: '1.0',
        status: 'Draft',
        ...contentOf(content),
        created_by: created_by ?? randomUUID(),
        created_at: now(),
        updated_at: now(),
      });
      return byId(id) ?? {};
    },

    change(sheet: Row, changes: object): Row {
      const id = String(sheet['id']);
      update(id, { ...changes, updated_at: now() });
      return byId(id) ?? {};
    },

    remove(sheet: Row): void {
      deleteById.run(String(sheet['id']));
    },

    isInUse: (sheet: Row): boolean => activeJob.get(String(sheet['id'])) !== undefined,
  };
}

type Content = Partial<Pick<z.infer<typeof NewSheet>, 'run_parameters' | 'samples'>>;

const unjudged = { status: 'Draft', validation: null, validation_errors: null };

/** New lines have not been judged yet, whatever was found in the old ones. */
function contentOf({ run_parameters, samples }: { readonly [Key in keyof Content]: Content[Key] | undefined }) {
  return {
    ...(run_parameters && { metadata: { run_parameters } }),
    ...(samples && { ...unjudged, samples_data: samples, sample_count: samples.length }),
  };
}

function check({ name, platform, samples }: z.infer<typeof SheetChange>): void {
  if (name?.trim() === '') throw invalid('Sample sheet name must not be empty');
  if (platform !== undefined && !platforms.some((known) => known === platform)) throw missing('Platform');
  if (samples?.length === 0) throw invalid('Sample sheet must have at least one sample');
}
