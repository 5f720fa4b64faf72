import type { Permissions } from '#kit/shield.ts';
import { allow, signedIn } from '#kit/shield.ts';

/** The gateway has decided who may read; a partner's key never comes this far, so there is no caller to look at. */
export const permissions: Permissions = {
  Query: {
    storageLocation: allow,
    storageLocations: allow,
    storageContainer: allow,
    storageContainers: allow,
    availablePositions: allow,
  },
  Mutation: {
    createStorageLocation: signedIn,
    updateStorageLocation: signedIn,
    deleteStorageLocation: signedIn,
    createStorageContainer: signedIn,
    assignSample: signedIn,
    moveSample: signedIn,
    removeSampleFromStorage: signedIn,
  },
};
