import type { Permissions } from '#kit/shield.ts';
import { allow, signedIn } from '#kit/shield.ts';

/**
 * The gateway has decided who may read; a partner's key never comes this far, so there is no caller to look at. Statements of
 * callers' own, and what others have asked, are for people with an account.
 */
export const permissions: Permissions = {
  Query: {
    graphs: allow,
    graph: allow,
    vertex: allow,
    neighborhood: allow,
    shortestPath: allow,
    cypherQuery: signedIn,
    graphQueryJob: signedIn,
    graphQueryJobs: signedIn,
  },
  Mutation: { submitGraphQuery: signedIn },
};
