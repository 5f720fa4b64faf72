import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('graphs:read');
const execute = may('queries:execute');

export const permissions: Permissions = {
  Query: {
    _entities: read,
    graphs: read,
    graph: read,
    vertex: read,
    neighborhood: read,
    shortestPath: read,
    cypherQuery: execute,
    graphQueryJob: execute,
    graphQueryJobs: execute,
  },
  Mutation: { submitGraphQuery: execute },
};
