import type { Permissions } from '#kit/shield.ts';
import { allow } from '#kit/shield.ts';

/** The gateway has decided who may read; a partner's key never comes this far, so there is no caller to look at. */
export const permissions: Permissions = {
  Query: { sequencingJob: allow, sequencingJobs: allow, sampleSheet: allow, sampleSheets: allow },
};
