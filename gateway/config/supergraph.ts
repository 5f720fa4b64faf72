import { z } from 'zod';
import type { Values } from './values.ts';
import { milliseconds } from './values.ts';

/** Which supergraph is served. */
export const supergraphVariables = {
  /** Supergraph file to serve in place of the built-in one; watched. */
  SUPERGRAPH_PATH: z.string().optional(),
  /** File `[{ "name", "url" }]` of subgraphs to compose by introspection; watched. */
  SUBGRAPH_LIST: z.string().optional(),
  /** How often the supergraph file is looked at, and the subgraphs of SUBGRAPH_LIST are asked for their schema. */
  SUPERGRAPH_POLL_MS: milliseconds.default(1_000),
  SUBGRAPH_POLL_MS: milliseconds.default(30_000),
};

type Variables = Values<typeof supergraphVariables>;

export const supergraphSettings = (variables: Variables) => ({
  foreign: isForeign(variables),
  path: variables.SUPERGRAPH_PATH,
  list: variables.SUBGRAPH_LIST,
  pollMs: variables.SUPERGRAPH_POLL_MS,
  listPollMs: variables.SUBGRAPH_POLL_MS,
});

/** Whether it is somebody else's. */
export const isForeign = ({ SUPERGRAPH_PATH, SUBGRAPH_LIST }: Variables): boolean =>
  SUPERGRAPH_PATH !== undefined || SUBGRAPH_LIST !== undefined;
