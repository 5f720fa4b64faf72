import type { Permissions } from '#kit/shield.ts';
import { allow, signedIn } from '#kit/shield.ts';

/** The gateway has decided who may read; a partner's key never comes this far, so there is no caller to look at. */
export const permissions: Permissions = {
  Query: {
    sequencingJob: allow,
    sequencingJobs: allow,
    sampleSheet: allow,
    sampleSheets: allow,
    workflow: allow,
    workflows: allow,
  },
  Mutation: {
    createSequencingJob: signedIn,
    updateSequencingJob: signedIn,
    transitionSequencingJob: signedIn,
    cancelSequencingJob: signedIn,
    cloneSequencingJob: signedIn,
    deleteSequencingJob: signedIn,
    createSampleSheet: signedIn,
    updateSampleSheet: signedIn,
    validateSampleSheet: signedIn,
    deleteSampleSheet: signedIn,
    executeWorkflow: signedIn,
  },
};
