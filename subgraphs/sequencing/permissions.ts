import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('sequencing:read');
const write = may('sequencing:write');
const remove = may('sequencing:delete');

export const permissions: Permissions = {
  Query: {
    _entities: read,
    sequencingJob: read,
    sequencingJobs: read,
    sampleSheet: read,
    sampleSheets: read,
    workflow: read,
    workflows: read,
  },
  Mutation: {
    createSequencingJob: write,
    queueForSequencing: may('sequencing:write', 'samples:write'),
    updateSequencingJob: write,
    transitionSequencingJob: write,
    cancelSequencingJob: write,
    cloneSequencingJob: write,
    deleteSequencingJob: remove,
    createSampleSheet: write,
    updateSampleSheet: write,
    validateSampleSheet: write,
    deleteSampleSheet: remove,
    executeWorkflow: write,
  },
};
