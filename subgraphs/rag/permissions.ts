import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('documents:read');

export const permissions: Permissions = {
  Query: { _entities: read, ragSubmission: read, ragSubmissions: read },
};
