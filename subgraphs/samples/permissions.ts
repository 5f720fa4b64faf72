import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('samples:read');
const write = may('samples:write');
const remove = may('samples:delete');

export const permissions: Permissions = {
  Query: { _entities: read, sample: read, samples: read },
  Mutation: {
    createSample: write,
    createSamples: write,
    updateSample: write,
    transitionSample: write,
    validateSample: write,
    validateSamples: write,
    deleteSample: remove,
  },
};
