import type { JobStatus } from '#ops/sandbox/data/jobs.ts';
import { jobStatuses } from '#ops/sandbox/data/jobs.ts';
import type { Row } from '#ops/sandbox/data/table.ts';
import { decode } from '#ops/sandbox/data/table.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { progressOf } from './states.ts';

/** The detail of a job; four fields say the same a second time, as in the real answers. */
export function asJob(row: Row) {
  const job = decode(row, ['metadata']);
  return {
    ...job,
    platform: row['platform_id'],
    job_name: row['name'],
    started_at: row['actual_start'],
    completed_at: row['actual_completion'],
  };
}

/** All a list, a create and a clone tell about a job. */
export function asSummary(row: Row) {
  return {
    id: row['id'],
    name: row['name'],
    status: row['status'],
    priority: row['priority'],
    platform_id: row['platform_id'],
    workflow_id: row['workflow_id'],
    progress_percentage: progressOf(statusOf(row)),
    estimated_completion: row['estimated_completion'],
    created_at: row['created_at'],
  };
}

export function asSheet(row: Row) {
  const { validation, ...sheet } = decode(row, ['validation_errors', 'metadata', 'samples_data']);
  return sheet;
}

export function asWorkflow(row: Row) {
  return { ...decode(row, ['steps', 'parameters']), is_active: row['is_active'] === 1 };
}

export function statusOf(row: Row): JobStatus {
  return jobStatuses.find((status) => status === row['status']) ?? 'Draft';
}

export type Window = { readonly page: number; readonly size: number };

/** Page numbers start at 1 and sizes end at 100; what lies outside is moved to the nearest allowed value. */
export function windowOf(page: number, size: number): Window {
  return { page: Math.max(1, page), size: Math.min(100, Math.max(1, size)) };
}

export const offsetOf = ({ page, size }: Window) => ({ limit: size, offset: (page - 1) * size });

export const pagesOf = ({ page, size }: Window, total: number) => ({
  page,
  page_size: size,
  total_count: total,
  total_pages: Math.ceil(total / size),
});

export const countOf = (row: Row | undefined): number => Number(row?.['count'] ?? 0);

export const invalid = (message: string): ServiceFailure => new ServiceFailure(400, message);

export const missing = (what: string): ServiceFailure => new ServiceFailure(404, `${what} not found`);
