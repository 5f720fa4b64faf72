import { forLaboratory } from '#kit/tenancy.ts';
import type { AuthClient } from './client.ts';

/**
 * What a person of another organization sees with their own token, whatever role it has: accounts are the laboratory's. Names of
 * others, which stand on what the organization may see, come from the directory.
 */
export const selfOnly = (client: AuthClient): AuthClient => ({
  ...client,
  user: refuse,
  users: refuse,
  allSessions: refuse,
});

async function refuse(): Promise<never> {
  throw forLaboratory();
}
