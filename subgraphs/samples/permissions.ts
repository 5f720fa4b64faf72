import type { Permissions } from '#kit/shield.ts';
import { allow, signedIn } from '#kit/shield.ts';

/**
 * The gateway has decided who may read; a partner's key never comes this far, so there is no caller to look at. The service
 * itself asks nobody who he is, so writing needs the token of a person.
 */
export const permissions: Permissions = {
  Query: { sample: allow, samples: allow },
  Mutation: {
    createSample: signedIn,
    createSamples: signedIn,
    updateSample: signedIn,
    transitionSample: signedIn,
    validateSample: signedIn,
    validateSamples: signedIn,
    deleteSample: signedIn,
  },
};
