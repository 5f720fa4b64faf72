import type { JobStatus } from './words.ts';

/** What `PUT /jobs/{id}/status` accepts (contract section 5); cancelling works from DRAFT as well, by a route of its own. */
const transitions: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  DRAFT: ['SUBMITTED'],
  SUBMITTED: ['VALIDATED', 'CANCELLED'],
  VALIDATED: ['QUEUED', 'ON_HOLD', 'CANCELLED'],
  QUEUED: ['RUNNING', 'ON_HOLD', 'CANCELLED'],
  RUNNING: ['COMPLETED', 'FAILED', 'CANCELLED'],
  COMPLETED: [],
  FAILED: ['QUEUED', 'CANCELLED'],
  CANCELLED: [],
  ON_HOLD: ['QUEUED', 'CANCELLED'],
};

/** Lists tell the progress and single jobs do not; this is what lists say (contract section 1.5). */
const progress: Readonly<Record<JobStatus, number>> = {
  DRAFT: 0,
  SUBMITTED: 10,
  VALIDATED: 20,
  ON_HOLD: 25,
  QUEUED: 30,
  RUNNING: 50,
  COMPLETED: 100,
  FAILED: 0,
  CANCELLED: 0,
};

export const allowedTransitions = (from: JobStatus): readonly JobStatus[] => transitions[from];

export const progressPercent = (status: JobStatus): number => progress[status];
