import { wordFrom } from '#kit/words.ts';

/*
 * Our words and the sequencing service's. The service writes enums as its code names them; older generations of it write
 * snake_case, which is read as well (contract section 0.2).
 */
export const jobStatuses = {
  DRAFT: 'Draft',
  SUBMITTED: 'Submitted',
  VALIDATED: 'Validated',
  QUEUED: 'Queued',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  ON_HOLD: 'OnHold',
} as const;

export const jobPriorities = { LOW: 'Low', NORMAL: 'Normal', HIGH: 'High', URGENT: 'Urgent', CRITICAL: 'Critical' } as const;

export const sheetStatuses = {
  DRAFT: 'Draft',
  VALIDATING: 'Validating',
  VALIDATED: 'Validated',
  VALID: 'Valid',
  INVALID: 'Invalid',
  IN_USE: 'InUse',
  GENERATED: 'Generated',
  ARCHIVED: 'Archived',
} as const;

export type JobStatus = keyof typeof jobStatuses;
export type JobPriority = keyof typeof jobPriorities;

export const JobStatusWord = wordFrom(jobStatuses);
export const JobPriorityWord = wordFrom(jobPriorities);
export const SheetStatusWord = wordFrom(sheetStatuses);
