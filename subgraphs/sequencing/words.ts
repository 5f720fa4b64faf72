import { z } from 'zod';

/*
 * Our words and the sequencing service's. The service writes enums as its code names them; older generations of it write
 * snake_case, which is read as well (contract section 0.2).
 */
const jobStatuses = {
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

const jobPriorities = { LOW: 'Low', NORMAL: 'Normal', HIGH: 'High', URGENT: 'Urgent', CRITICAL: 'Critical' } as const;

const sheetStatuses = {
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

export const JobStatusWord = oursFrom(jobStatuses);
export const JobPriorityWord = oursFrom(jobPriorities);
export const SheetStatusWord = oursFrom(sheetStatuses);

function oursFrom<Ours extends string>(words: Readonly<Record<Ours, string>>) {
  const pairs = Object.entries<string>(words) as [Ours, string][];
  const known = new Map(pairs.flatMap(([ours, theirs]) => [[theirs, ours] as const, [ours.toLowerCase(), ours] as const]));
  return z.string().transform((word, context): Ours => {
    const ours = known.get(word);
    if (ours !== undefined) return ours;
    context.issues.push({ code: 'custom', message: 'is a word we do not know', input: word });
    return z.NEVER;
  });
}
