import { ExpectedError } from '#kit/errors.ts';

/** Why something is not healthy. All there is to be told: no host, no credential, no text of another program. */
export const reasons = {
  unknown: 'not asked yet',
  late: 'timed out',
  away: 'cannot be reached',
  failing: 'answers with an error',
  refusing: 'refuses this gateway',
  ailing: 'calls itself unhealthy',
  missing: 'is not loaded',
} as const;

export type Reason = (typeof reasons)[keyof typeof reasons];

/** A dependency that answered, and said that it is not well. */
export class Unwell extends Error {
  readonly reason: Reason;
  readonly status: number;

  constructor(reason: Reason, status: number) {
    super(reason);
    this.reason = reason;
    this.status = status;
  }
}

/** What a failed probe means. */
export function reasonOf(error: unknown, signal: AbortSignal): Reason {
  if (error instanceof Unwell) return error.reason;
  if (signal.aborted || (error instanceof ExpectedError && error.code === 'UPSTREAM_TIMEOUT')) return reasons.late;
  return reasons.away;
}
