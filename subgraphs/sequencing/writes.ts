import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import { JobDetail, JobSummary, SampleSheet } from './answers.ts';
import type { Execution, JobChange, NewJob, NewSheet, SheetChange, SheetLine } from './bounds.ts';
import { explained } from './refusals.ts';
import type { JobStatus } from './words.ts';
import { jobPriorities, jobStatuses, sheetStatuses } from './words.ts';

const OneSheet = z.object({ data: SampleSheet }).transform(({ data }) => data);

const Validation = z
  .object({
    data: z.object({
      is_valid: z.boolean(),
      errors: z.array(z.string()),
      warnings: z.array(z.string()),
      validated_at: z.string().nullable().default(null),
    }),
  })
  .transform(({ data: { is_valid, validated_at, ...found } }) => ({ ...found, isValid: is_valid, validatedAt: validated_at }));

export type Validation = Readonly<z.infer<typeof Validation>>;

const WorkflowExecution = z
  .object({
    data: z.object({
      execution_id: z.string(),
      workflow_id: z.string(),
      job_id: z.string().nullable().default(null),
      status: z.string(),
      started_at: z.string().nullable().default(null),
    }),
  })
  .transform(({ data }) => ({
    id: data.execution_id,
    workflowId: data.workflow_id,
    jobId: data.job_id,
    status: data.status,
    startedAt: data.started_at,
  }));

export type WorkflowExecution = Readonly<z.infer<typeof WorkflowExecution>>;

/** Everything that changes something; each is one call that is never repeated. */
export type SequencingWrites = {
  readonly createJob: (job: NewJob) => Promise<JobSummary>;
  readonly changeJob: (id: string, change: JobChange) => Promise<JobDetail>;
  readonly moveJob: (id: string, to: JobStatus, notes: string | null | undefined) => Promise<JobDetail>;
  readonly cancelJob: (id: string) => Promise<JobDetail>;
  readonly cloneJob: (id: string) => Promise<JobSummary>;
  readonly deleteJob: (id: string) => Promise<unknown>;
  readonly createSheet: (sheet: NewSheet) => Promise<SampleSheet>;
  readonly changeSheet: (id: string, change: SheetChange) => Promise<SampleSheet>;
  readonly validateSheet: (id: string) => Promise<Validation>;
  readonly deleteSheet: (id: string) => Promise<unknown>;
  readonly execute: (execution: Execution) => Promise<WorkflowExecution>;
};

export function sequencingWrites(rest: RestClient): SequencingWrites {
  return { ...jobWrites(rest), ...sheetWrites(rest), ...workflowWrites(rest) };
}

function jobWrites({ send }: RestClient) {
  return {
    createJob: (job: NewJob) => send('POST', '/jobs', { answer: JobSummary, body: newJob(job) }),
    changeJob: (id: string, change: JobChange) => send('PUT', path`/jobs/${id}`, { answer: JobDetail, body: changedJob(change) }),
    moveJob: (id: string, to: JobStatus, notes: string | null | undefined) =>
      explained(
        'The job is in another state by now, from which it may not change so.',
        send('PUT', path`/jobs/${id}/status`, { answer: JobDetail, body: { status: jobStatuses[to], notes } }),
      ),
    cancelJob: (id: string) =>
      explained(
        'A job that is COMPLETED or CANCELLED cannot be cancelled.',
        send('POST', path`/jobs/${id}/cancel`, { answer: JobDetail }),
      ),
    cloneJob: (id: string) => send('POST', path`/jobs/${id}/clone`, { answer: JobSummary }),
    deleteJob: (id: string) =>
      explained(
        'A job that is QUEUED or RUNNING cannot be deleted; it has to be cancelled first.',
        send('DELETE', path`/jobs/${id}`, { answer: z.unknown() }),
      ),
  };
}

function sheetWrites({ send }: RestClient) {
  return {
    createSheet: (sheet: NewSheet) =>
      send('POST', '/sample-sheets', { answer: OneSheet, body: { run_parameters: {}, ...content(sheet) } }),
    changeSheet: (id: string, { status, ...change }: SheetChange) =>
      send('PUT', path`/sample-sheets/${id}`, {
        answer: OneSheet,
        body: { ...content(change), ...(status != null && { status: sheetStatuses[status] }) },
      }),
    validateSheet: (id: string) => send('POST', path`/sample-sheets/${id}/validate`, { answer: Validation }),
    deleteSheet: (id: string) =>
      explained(
        'The sheet is in use by a job that is not finished.',
        send('DELETE', path`/sample-sheets/${id}`, { answer: z.unknown() }),
      ),
  };
}

function workflowWrites({ send }: RestClient) {
  return {
    execute: ({ workflowId, jobId, parameters }: Execution) =>
      explained(
        'The workflow is not active.',
        send('POST', path`/workflows/${workflowId}/execute`, {
          answer: WorkflowExecution,
          body: { job_id: jobId ?? undefined, parameters },
        }),
      ),
  };
}

/** The service knows no samples of a job; by convention its metadata notes them. */
const newJob = ({ sampleIds, metadata, ...job }: NewJob): object => ({
  name: job.name,
  priority: jobPriorities[job.priority],
  platform_id: job.platformId,
  workflow_id: job.workflowId,
  description: job.description,
  sample_sheet_id: job.sampleSheetId,
  estimated_start: job.estimatedStart,
  metadata: { ...metadata, ...(sampleIds != null && { sample_ids: sampleIds }) },
});

const changedJob = ({ priority, assignedTo, estimatedStart, ...change }: JobChange): object => ({
  ...change,
  ...(priority != null && { priority: jobPriorities[priority] }),
  assigned_to: assignedTo,
  estimated_start: estimatedStart,
});

/** The service leaves unchanged what it is not sent, and refuses nulls. */
const content = ({ name, platformId, lines, runParameters }: Omit<SheetChange, 'status'>): object => ({
  ...(name != null && { name }),
  ...(platformId != null && { platform: platformId }),
  ...(lines != null && { samples: lines.map(line) }),
  ...(runParameters != null && { run_parameters: runParameters }),
});

const line = (entry: SheetLine): object => ({
  Sample_ID: entry.sampleId,
  Sample_Name: entry.sampleName,
  Sample_Plate: entry.plate,
  Sample_Well: entry.well,
  I7_Index_ID: entry.index1,
  I5_Index_ID: entry.index2,
  Sample_Project: entry.project,
  Description: entry.description,
});
