import type { Permissions } from '#kit/shield.ts';
import { allow, known, may, signedIn } from '#kit/shield.ts';

const administer = may('users:admin');

/** Whether a session still holds is the auth service's to say. Who has none yet may do what leads to one. */
export const permissions: Permissions = {
  // Names of people stand on samples and jobs, which partners read too.
  Query: { _entities: known, me: signedIn, mySessions: signedIn, user: signedIn, users: administer, adminSessions: administer },
  Mutation: {
    login: allow,
    refreshSession: allow,
    register: allow,
    requestPasswordReset: allow,
    resetPassword: allow,
    verifyEmail: allow,
    logout: signedIn,
    revokeSession: signedIn,
    setUserEnabled: administer,
    deleteUser: administer,
  },
};
