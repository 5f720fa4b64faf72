import { z } from 'zod';
import { list, text, uuid } from '#kit/input.ts';
import { jobPriorities, sheetStatuses } from './words.ts';

/* What the sequencing service takes (contract section 1.5), told before it is asked. */

const platforms = ['illumina_novaseq', 'illumina_hiseq', 'ion_torrent', 'nanopore'] as const;

const wordsOf = <Word extends string>(table: Readonly<Record<Word, string>>) => z.enum(Object.keys(table) as Word[]);
const named = text(1, 255).regex(/\S/, 'must not be blank');
const platform = z.enum(platforms, `must be one of ${platforms.join(', ')}`);
const remark = text(0, 2_000).nullish();
const short = text(1, 100).nullish();
const object = z.record(z.string(), z.unknown(), 'must be a JSON object');
const samples = list(uuid(), { max: 500 });

export const Id = uuid();

export const Notes = remark;

export const NewJob = z.object({
  name: named,
  priority: wordsOf(jobPriorities).default('NORMAL'),
  platformId: platform,
  workflowId: text(1, 100),
  description: remark,
  sampleSheetId: uuid().nullish(),
  sampleIds: samples.nullish(),
  estimatedStart: z.string().nullish(),
  metadata: object.nullish(),
});

export type NewJob = Readonly<z.infer<typeof NewJob>>;

/** The samples change one after the other, which takes its time. */
export const NewQueuedJob = NewJob.extend({
  sampleIds: list(uuid(), { min: 1, max: 100 }).refine((ids) => new Set(ids).size === ids.length, 'must name each sample once'),
});

export type NewQueuedJob = Readonly<z.infer<typeof NewQueuedJob>>;

export const JobChange = z.object({
  name: named.nullish(),
  description: remark,
  priority: wordsOf(jobPriorities).nullish(),
  assignedTo: uuid().nullish(),
  estimatedStart: z.string().nullish(),
  metadata: object.nullish(),
});

export type JobChange = Readonly<z.infer<typeof JobChange>>;

const SheetLine = z.object({
  sampleId: text(1, 100),
  sampleName: text(1, 255),
  plate: short,
  well: short,
  index1: short,
  index2: short,
  project: short,
  description: remark,
});

export type SheetLine = Readonly<z.infer<typeof SheetLine>>;

const lines = list(SheetLine, { min: 1, max: 500 });

export const NewSheet = z.object({ name: named, platformId: platform, lines, runParameters: object.nullish() });

export type NewSheet = Readonly<z.infer<typeof NewSheet>>;

export const SheetChange = z.object({
  name: named.nullish(),
  platformId: platform.nullish(),
  status: wordsOf(sheetStatuses).nullish(),
  lines: lines.nullish(),
  runParameters: object.nullish(),
});

export type SheetChange = Readonly<z.infer<typeof SheetChange>>;

export const Execution = z.object({
  workflowId: uuid(),
  jobId: uuid().nullish(),
  parameters: object.nullish().transform((given) => given ?? {}),
});

export type Execution = Readonly<z.infer<typeof Execution>>;
