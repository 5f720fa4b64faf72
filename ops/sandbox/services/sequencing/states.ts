import type { JobStatus } from '#ops/sandbox/data/jobs.ts';

/** The state machine of contract section 5. */
const next: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  Draft: ['Submitted'],
  Submitted: ['Validated', 'Cancelled'],
  Validated: ['Queued', 'OnHold', 'Cancelled'],
  Queued: ['Running', 'OnHold', 'Cancelled'],
  Running: ['Completed', 'Failed', 'Cancelled'],
  OnHold: ['Queued', 'Cancelled'],
  Failed: ['Queued', 'Cancelled'],
  Completed: [],
  Cancelled: [],
};

const progress: Readonly<Record<JobStatus, number>> = {
  Draft: 0,
  Submitted: 10,
  Validated: 20,
  OnHold: 25,
  Queued: 30,
  Running: 50,
  Completed: 100,
  Failed: 0,
  Cancelled: 0,
};

/** States in which a job no longer needs its sample sheet. */
export const finishedStates: readonly JobStatus[] = ['Completed', 'Failed', 'Cancelled'];

export const mayBecome = (from: JobStatus, to: JobStatus): boolean => next[from].includes(to);

/** The cancel route reaches one state more than a change of status does. */
export const mayBeCancelled = (from: JobStatus): boolean => from === 'Draft' || mayBecome(from, 'Cancelled');

export const mayBeDeleted = (status: JobStatus): boolean => status !== 'Queued' && status !== 'Running';

export const progressOf = (status: JobStatus): number => progress[status];
