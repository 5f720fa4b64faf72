import type { SampleStatus } from './words.ts';

/** What `PUT /samples/{id}/status` accepts (contract section 5, the enforced table). */
const transitions: Readonly<Record<SampleStatus, readonly SampleStatus[]>> = {
  PENDING: ['VALIDATED', 'REJECTED', 'DELETED'],
  VALIDATED: ['IN_STORAGE', 'IN_SEQUENCING', 'REJECTED', 'DELETED'],
  IN_STORAGE: ['IN_SEQUENCING', 'REJECTED', 'DELETED'],
  IN_SEQUENCING: ['COMPLETED', 'FAILED'],
  COMPLETED: ['ARCHIVED'],
  FAILED: ['PENDING', 'DELETED'],
  DISCARDED: ['ARCHIVED', 'DELETED'],
  REJECTED: ['PENDING', 'DELETED'],
  ARCHIVED: [],
  DELETED: [],
};

export const allowedTransitions = (from: SampleStatus): readonly SampleStatus[] => transitions[from];
