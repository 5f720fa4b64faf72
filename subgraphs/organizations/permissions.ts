import type { Permissions } from '#kit/shield.ts';
import { known, may } from '#kit/shield.ts';

const administerKeys = may('admin:keys');
const administer = may('admin:organizations');

/** Whose keys a caller may administrate, and which scopes it may grant, is for authority.ts to say. */
export const permissions: Permissions = {
  Query: { viewer: known, rateLimit: known, organization: administer, organizations: administer },
  Mutation: {
    createApiKey: administerKeys,
    rotateApiKey: administerKeys,
    revokeApiKey: administerKeys,
    createOrganization: administer,
    setOrganizationPlan: administer,
    setOrganizationStatus: administer,
  },
  Organization: { apiKeys: administerKeys },
};
