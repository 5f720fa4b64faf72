import type { SampleStatus } from '#ops/sandbox/data/facts.ts';

/** What `PUT /samples/{id}/status` lets through (contract section 5, enforced table). */
export const transitions: Readonly<Record<SampleStatus, readonly SampleStatus[]>> = {
  Pending: ['Validated', 'Rejected', 'Deleted'],
  Validated: ['InStorage', 'InSequencing', 'Rejected', 'Deleted'],
  InStorage: ['InSequencing', 'Rejected', 'Deleted'],
  InSequencing: ['Completed', 'Failed'],
  Completed: ['Archived'],
  Failed: ['Pending', 'Deleted'],
  Rejected: ['Pending', 'Deleted'],
  Discarded: ['Archived', 'Deleted'],
  Archived: [],
  Deleted: [],
};
