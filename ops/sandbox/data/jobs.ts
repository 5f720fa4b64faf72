import { counts, epoch, jobId, range, sampleId, samplesOfJob, sheetId, userId } from './facts.ts';
import type { OwnerOf } from './owners.ts';
import { ownerOfJob, seedOwners, withMark } from './owners.ts';
import { seedSamples } from './samples.ts';

export const jobStatuses = [
  'Running',
  'Completed',
  'Queued',
  'Validated',
  'Submitted',
  'Draft',
  'Failed',
  'OnHold',
  'Cancelled',
] as const;
export const priorities = ['Normal', 'High', 'Low', 'Urgent', 'Critical'] as const;
export const platforms = ['illumina_novaseq', 'illumina_hiseq', 'ion_torrent', 'nanopore'] as const;

export type JobStatus = (typeof jobStatuses)[number];
export type Platform = (typeof platforms)[number];

export type SeedJob = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: JobStatus;
  readonly priority: (typeof priorities)[number];
  readonly platform_id: Platform;
  readonly workflow_id: string;
  readonly sample_sheet_id: string | null;
  readonly run_id: string | null;
  readonly created_by: string;
  readonly assigned_to: string | null;
  readonly estimated_start: string;
  readonly estimated_completion: string;
  readonly actual_start: string | null;
  readonly actual_completion: string | null;
  readonly metadata: { readonly sample_ids: readonly string[] };
  readonly created_at: string;
  readonly updated_at: string;
};

export type SeedSheet = {
  readonly id: string;
  readonly name: string;
  readonly platform_id: Platform;
  readonly version: string;
  readonly status: string;
  readonly sample_count: number;
  readonly metadata: unknown;
  readonly samples_data: readonly SheetSample[];
  readonly created_by: string;
  readonly created_at: string;
  readonly updated_at: string;
};

/** A line of a sample sheet as a client sends it (contract section 1.5). */
export type SheetSample = {
  readonly Sample_ID: string;
  readonly Sample_Name: string;
  readonly Sample_Plate?: string | null | undefined;
  readonly Well?: string | null | undefined;
  readonly Sample_Well?: string | null | undefined;
  readonly Index?: string | null | undefined;
  readonly I7_Index_ID?: string | null | undefined;
  readonly I5_Index_ID?: string | null | undefined;
  readonly Sample_Project?: string | null | undefined;
  readonly Description?: string | null | undefined;
};

const hour = 3_600_000;
const createdAt = (job: number): number => epoch - job * 6 * hour;
const iso = (time: number): string => new Date(time).toISOString();

/** The states come in turn, so jobs 1, 10, 19, 28 and 37 run. */
export const statusOfJob = (job: number): JobStatus => pick(jobStatuses, job - 1);

export const platformOfJob = (job: number): Platform => pick(platforms, job - 1);

/** Only a job that was started has a run. */
export const wasStarted = (job: number): boolean => ['Running', 'Completed', 'Failed'].includes(statusOfJob(job));

export const startedAt = (job: number): string | null => (wasStarted(job) ? iso(createdAt(job) + 2 * hour) : null);

export const runId = (job: number): string => `4a000000-0000-4000-8000-${String(job).padStart(12, '0')}`;

const workflowId = (n: number): string => `3f100000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Job 1 is the newest. */
export const seedJobs = (ownerOf: OwnerOf = seedOwners): SeedJob[] => range(counts.jobs).map((n) => seedJob(n, ownerOf));

/** Sheet n belongs to job n; its lines are the job's ten samples. */
export const seedSheets = (ownerOf: OwnerOf = seedOwners): SeedSheet[] => {
  const names = seedSamples(ownerOf).map(({ name }) => name);
  return range(counts.sheets).map((n) => seedSheet(n, { names, ownerOf }));
};

export const seedWorkflows = [
  workflow(1, { name: 'Whole genome', workflow_type: 'wgs', platform: 'illumina_novaseq', is_active: true }),
  workflow(2, { name: 'Exome', workflow_type: 'exome', platform: 'illumina_hiseq', is_active: true }),
  workflow(3, { name: 'Amplicon panel', workflow_type: 'amplicon', platform: 'ion_torrent', is_active: true }),
  workflow(4, { name: 'Long-read assembly', workflow_type: 'assembly', platform: 'nanopore', is_active: true }),
  workflow(5, { name: 'Exome, first edition', workflow_type: 'exome', platform: 'illumina_hiseq', is_active: false }),
];

function seedJob(n: number, ownerOf: OwnerOf): SeedJob {
  const mark = ownerOfJob(n, ownerOf)?.mark;
  const status = statusOfJob(n);
  const created = createdAt(n);
  return {
    id: jobId(n),
    name: withMark(`Sequencing job ${String(n).padStart(2, '0')}`, mark),
    description: n % 3 === 0 ? null : withMark(`Samples ${(n - 1) * 10 + 1} to ${n * 10}`, mark),
    status,
    priority: pick(priorities, n - 1),
    platform_id: platformOfJob(n),
    workflow_id: workflowId(((n - 1) % platforms.length) + 1),
    sample_sheet_id: n <= counts.sheets ? sheetId(n) : null,
    run_id: wasStarted(n) ? runId(n) : null,
    created_by: userId(((n - 1) % counts.users) + 1),
    assigned_to: status === 'Draft' ? null : userId((n % counts.users) + 1),
    estimated_start: iso(created + 2 * hour),
    estimated_completion: iso(created + 30 * hour),
    actual_start: startedAt(n),
    actual_completion: ['Completed', 'Failed', 'Cancelled'].includes(status) ? iso(created + 5 * hour) : null,
    metadata: { sample_ids: samplesOfJob(n).map(sampleId) },
    created_at: iso(created),
    updated_at: iso(created + 5 * hour),
  };
}

type Named = { readonly names: readonly string[]; readonly ownerOf: OwnerOf };

function seedSheet(n: number, { names, ownerOf }: Named): SeedSheet {
  const samples = samplesOfJob(n);
  return {
    id: sheetId(n),
    name: withMark(`Sheet of job ${String(n).padStart(2, '0')}`, ownerOfJob(n, ownerOf)?.mark),
    platform_id: platformOfJob(n),
    version: '1.0',
    status: wasStarted(n) || statusOfJob(n) === 'Queued' ? 'InUse' : 'Draft',
    sample_count: samples.length,
    metadata: { run_parameters: { read_length: 150, paired_end: true } },
    samples_data: samples.map((sample, index) =>
      sheetSample(sample, { index, name: names[sample - 1] ?? '', mark: ownerOf(sample).mark }),
    ),
    created_by: userId(((n - 1) % counts.users) + 1),
    created_at: iso(createdAt(n)),
    updated_at: iso(createdAt(n)),
  };
}

type SheetLine = { readonly index: number; readonly name: string; readonly mark: string | undefined };

function sheetSample(n: number, { index, name, mark }: SheetLine): SheetSample {
  return {
    Sample_ID: sampleId(n),
    Sample_Name: name,
    Sample_Plate: `PLATE-${String(Math.ceil(n / 96)).padStart(2, '0')}`,
    Sample_Well: `A${String(index + 1).padStart(2, '0')}`,
    I7_Index_ID: `D7${String(index + 1).padStart(2, '0')}`,
    I5_Index_ID: `D5${String(index + 1).padStart(2, '0')}`,
    Sample_Project: withMark(`PRJ-${String((n % 6) + 1).padStart(3, '0')}`, mark),
    Description: null,
  };
}

type WorkflowShape = {
  readonly name: string;
  readonly workflow_type: string;
  readonly platform: Platform;
  readonly is_active: boolean;
};

function workflow(n: number, shape: WorkflowShape) {
  return {
    ...shape,
    id: workflowId(n),
    description: `${shape.name} on ${shape.platform}`,
    version: '1.0',
    steps: ['library_prep', 'sequencing', 'demultiplexing', 'analysis'],
    parameters: { read_length: 150 },
    created_by: userId(1),
    created_at: iso(epoch - 300 * 24 * hour),
    updated_at: iso(epoch - 30 * 24 * hour),
  };
}

function pick<Item>(items: readonly [Item, ...Item[]], index: number): Item {
  return items[index % items.length] ?? items[0];
}
