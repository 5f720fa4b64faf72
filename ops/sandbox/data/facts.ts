/**
 * Facts that several sandbox services must agree on, because no service of the laboratory checks another's ids.
 * Everything is a pure function of a running number, so the data is the same at every start (design.md section 8).
 */

const numbered = (tag: string) => (n: number) => `${tag}-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const sampleId = numbered('5a000000');
export const userId = numbered('05e70000');
export const templateId = numbered('7e000000');
export const locationId = numbered('10c00000');
export const containerId = numbered('c0000000');
export const jobId = numbered('10b00000');
export const sheetId = numbered('5ee70000');

/** Submissions have plain string ids (contract section 1.6). */
export const submissionId = (n: number): string => `RAG-${String(n).padStart(3, '0')}`;

export const counts = {
  users: 12,
  templates: 8,
  locations: 4,
  freezers: 2,
  positions: 200,
  samples: 500,
  jobs: 40,
  sheets: 10,
  submissions: 25,
} as const;

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** The sandbox's "today": nothing in the data depends on the day it is started. */
export const epoch = Date.parse('2026-11-01T08:00:00Z');

const minute = 60_000;

/** Sample 1 is the newest, so that the first page of a list starts with it. */
export const sampleCreatedAt = (n: number): string => new Date(epoch - n * 37 * minute).toISOString();

const busy = [
  'InStorage',
  'InStorage',
  'InSequencing',
  'Completed',
  'InStorage',
  'InSequencing',
  'Completed',
  'InStorage',
  'Validated',
  'Pending',
] as const;
const quiet = [
  'Pending',
  'Validated',
  'Failed',
  'Rejected',
  'Archived',
  'Discarded',
  'Deleted',
  'Completed',
  'Pending',
  'Validated',
] as const;

export type SampleStatus = (typeof busy)[number] | (typeof quiet)[number];

/** Samples 1–200 are in the middle of their life, the rest are spread over all states. */
export function sampleStatus(n: number): SampleStatus {
  const cycle = n <= counts.positions ? busy : quiet;
  return cycle[(n - 1) % cycle.length] ?? 'Pending';
}

/** The 160 samples that lie in a position; 40 positions stay free. */
export const isStored = (n: number): boolean => n <= counts.positions && !['Validated', 'Pending'].includes(sampleStatus(n));

/** The ten samples of a job: job 1 holds samples 1–10, job 40 holds 391–400. */
export const samplesOfJob = (job: number): number[] => range(10).map((index) => (job - 1) * 10 + index);

/** Samples 1–25 were taken in from a document. */
export const submissionOfSample = (n: number): number | null => (n <= counts.submissions ? n : null);

export const creatorOfSample = (n: number): number => ((n - 1) % counts.users) + 1;

export const templateOfSample = (n: number): number => ((n - 1) % counts.templates) + 1;

/** Sample n was derived from sample n + 50, which gives chains of up to six steps. */
export const parentOfSample = (n: number): number | null => (n <= 300 ? n + 50 : null);

export const barcodeOfSample = (n: number): string => `LAB-20261101080000-${String(n).padStart(4, '0')}`;
