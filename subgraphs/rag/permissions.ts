import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('documents:read');
const ask = may('documents:ask');
const write = may('documents:write');

export const permissions: Permissions = {
  Query: { _entities: read, ragSubmission: read, ragSubmissions: read, askLab: ask },
  Mutation: { processDocument: write },
};
