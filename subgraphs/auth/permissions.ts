import type { Permissions } from '#kit/shield.ts';
import { allow, signedIn } from '#kit/shield.ts';

/** Whether a token holds, and for whom, is the auth service's to say. Who has none yet may do what leads to one. */
export const permissions: Permissions = {
  Query: { me: signedIn, mySessions: signedIn, user: signedIn, users: signedIn, adminSessions: signedIn },
  Mutation: {
    login: allow,
    refreshSession: allow,
    register: allow,
    requestPasswordReset: allow,
    resetPassword: allow,
    verifyEmail: allow,
    logout: signedIn,
    revokeSession: signedIn,
    setUserEnabled: signedIn,
    deleteUser: signedIn,
  },
};
