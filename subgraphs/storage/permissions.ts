import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('storage:read');
const write = may('storage:write');
const remove = may('storage:delete');

export const permissions: Permissions = {
  Query: {
    _entities: read,
    storageLocation: read,
    storageLocations: read,
    storageContainer: read,
    storageContainers: read,
    availablePositions: read,
  },
  Mutation: {
    createStorageLocation: write,
    updateStorageLocation: write,
    deleteStorageLocation: remove,
    createStorageContainer: write,
    assignSample: write,
    storeSample: may('storage:write', 'samples:write'),
    moveSample: write,
    removeSampleFromStorage: write,
  },
};
