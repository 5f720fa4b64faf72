import type { Permissions } from '#kit/shield.ts';
import { rule } from '#kit/shield.ts';
import { unauthenticated } from './refusals.ts';
import type { AuthContext } from './resolvers.ts';

/** Whether the token holds, and for whom, is the auth service's to say. */
const signedIn = rule()(
  (_: unknown, _arguments: unknown, { loaders }: AuthContext) =>
    loaders.caller !== undefined || unauthenticated('This needs the token of a person, as `Authorization: Bearer ...`.'),
);

export const permissions: Permissions = {
  Query: { me: signedIn, mySessions: signedIn, user: signedIn, users: signedIn },
};
