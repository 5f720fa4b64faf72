import { z } from 'zod';
import { organizationIn } from '#kit/tenancy.ts';
import type { JobPriority, JobStatus } from './words.ts';
import { JobPriorityWord, JobStatusWord, SheetStatusWord } from './words.ts';

/* How the sequencing service writes what it knows (contract section 1.5), and what becomes of it here. */

const text = z.string().nullable().default(null);

type JobHead = {
  readonly id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly priority: JobPriority;
  readonly platformId: string;
  readonly workflowId: string;
  readonly estimatedCompletion: string | null;
  readonly createdAt: string;
};

/** What a list tells. */
export type JobSummary = JobHead & { readonly kind: 'summary' };

export type JobDetail = JobHead & {
  readonly kind: 'detail';
  readonly description: string | null;
  readonly sheetId: string | null;
  readonly createdBy: string | null;
  readonly assignedTo: string | null;
  readonly estimatedStart: string | null;
  readonly actualStart: string | null;
  readonly actualCompletion: string | null;
  readonly metadata: unknown;
  readonly updatedAt: string;
};

export type Job = JobSummary | JobDetail;

const head = {
  id: z.string(),
  name: z.string(),
  status: JobStatusWord,
  priority: JobPriorityWord,
  platform_id: z.string(),
  workflow_id: z.string(),
  estimated_completion: text,
  created_at: z.string(),
};

const fromHead = (row: z.infer<z.ZodObject<typeof head>>): JobHead => ({
  id: row.id,
  name: row.name,
  status: row.status,
  priority: row.priority,
  platformId: row.platform_id,
  workflowId: row.workflow_id,
  estimatedCompletion: row.estimated_completion,
  createdAt: row.created_at,
});

export const JobSummary = z.object(head).transform((row): JobSummary => ({ kind: 'summary', ...fromHead(row) }));

export const JobDetail = z
  .object({
    ...head,
    description: text,
    sample_sheet_id: text,
    created_by: text,
    assigned_to: text,
    estimated_start: text,
    actual_start: text,
    actual_completion: text,
    metadata: z.unknown(),
    updated_at: z.string(),
  })
  .transform(
    (row): JobDetail => ({
      kind: 'detail',
      ...fromHead(row),
      description: row.description,
      sheetId: row.sample_sheet_id,
      createdBy: row.created_by,
      assignedTo: row.assigned_to,
      estimatedStart: row.estimated_start,
      actualStart: row.actual_start,
      actualCompletion: row.actual_completion,
      metadata: row.metadata,
      updatedAt: row.updated_at,
    }),
  );

const SheetMetadata = z.object({ run_parameters: z.unknown() });

/** Callers reach a sheet's metadata through its run parameters alone. */
const organizationOfSheet = (metadata: unknown): string | undefined =>
  organizationIn(SheetMetadata.safeParse(metadata).data?.run_parameters);

export const SampleSheet = z
  .object({
    id: z.string(),
    name: z.string(),
    platform_id: z.string(),
    version: z.string(),
    status: SheetStatusWord,
    sample_count: z.number(),
    metadata: z.unknown(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    platformId: row.platform_id,
    version: row.version,
    status: row.status,
    sampleCount: row.sample_count,
    organization: organizationOfSheet(row.metadata),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

export type SampleSheet = Readonly<z.infer<typeof SampleSheet>>;

export const SheetEntry = z
  .object({
    id: z.string(),
    sample_id: z.string(),
    sample_name: z.string(),
    sample_plate: text,
    sample_well: text,
    index1: text,
    index2: text,
    project: text,
    description: text,
  })
  .transform((row) => ({
    id: row.id,
    sampleIdRaw: row.sample_id,
    sampleName: row.sample_name,
    plate: row.sample_plate,
    well: row.sample_well,
    index1: row.index1,
    index2: row.index2,
    project: row.project,
    description: row.description,
  }));

export type SheetEntry = Readonly<z.infer<typeof SheetEntry>>;

/** A convention that the service itself knows nothing of. */
const Metadata = z.object({ sample_ids: z.array(z.string()) });

export function sampleIdsIn(metadata: unknown): readonly string[] {
  const parsed = Metadata.safeParse(metadata);
  return parsed.success ? parsed.data.sample_ids : [];
}

const Attempt = z.object({ attempt_id: z.string() });

/** Which attempt of `queueForSequencing` made a job. */
export const attemptIn = (metadata: unknown): string | undefined => Attempt.safeParse(metadata).data?.attempt_id;
