import { z } from 'zod';
import type { Values } from './values.ts';
import { count, milliseconds } from './values.ts';

/** What a document may be, and which ones are known. */
export const limitVariables = {
  /** Longest text, in tokens of GraphQL. */
  MAX_TOKENS: count.default(2_000),
  /** Most fields of a text; levels of them, root fields, aliases and directives of each operation. Fragments count at each use. */
  MAX_SELECTIONS: count.default(10_000),
  MAX_DEPTH: count.default(64),
  MAX_ROOT_FIELDS: count.default(20),
  MAX_ALIASES: count.default(30),
  MAX_DIRECTIVES: count.default(50),
  /** Most directives on one field, fragment or variable. */
  MAX_DIRECTIVES_PER_NODE: count.default(4),
  /** Most pairs of fields for the same place of an answer, which are compared with each other. */
  MAX_FIELD_PAIRS: count.default(5_000),
  /** Longest name of an operation, in characters. */
  MAX_OPERATION_NAME: count.default(128),
  /** Most errors told of a wrong text, or places of wrong variables. */
  MAX_ERRORS: z.coerce.number().int().min(2).default(5),
  /** Texts that clients name by their hash (automatic persisted queries): most of one organization, characters of them, and organizations. */
  APQ_MAX_TEXTS: count.default(1_000),
  APQ_MAX_CHARACTERS: count.default(2 * 1024 * 1024),
  APQ_MAX_ORGANIZATIONS: count.default(100),
  /** Whether operations that no manifest holds run, run and are logged once each, or do not run; `log` where there are manifests. */
  PERSISTED_OPERATIONS: z.enum(['off', 'log', 'enforce']).optional(),
  /** A manifest of Apollo's format for all organizations, or a folder of `<organization>.json` and `_all.json`; watched. */
  PERSISTED_OPERATIONS_PATH: z.string().optional(),
  PERSISTED_OPERATIONS_POLL_MS: milliseconds.default(1_000),
};

type Variables = Values<typeof limitVariables>;

export const documentLimits = (variables: Variables) => ({
  maxSelections: variables.MAX_SELECTIONS,
  maxDepth: variables.MAX_DEPTH,
  maxRootFields: variables.MAX_ROOT_FIELDS,
  maxAliases: variables.MAX_ALIASES,
  maxDirectives: variables.MAX_DIRECTIVES,
  maxDirectivesPerNode: variables.MAX_DIRECTIVES_PER_NODE,
  maxFieldPairs: variables.MAX_FIELD_PAIRS,
  maxOperationName: variables.MAX_OPERATION_NAME,
  maxErrors: variables.MAX_ERRORS,
});

/** @throws Error where manifests are wanted and none are named */
export function operationTexts(variables: Variables) {
  const { PERSISTED_OPERATIONS_PATH: path, PERSISTED_OPERATIONS: mode = path === undefined ? 'off' : 'log' } = variables;
  if (mode !== 'off' && path === undefined)
    throw new Error(`PERSISTED_OPERATIONS_PATH: is not set, and PERSISTED_OPERATIONS=${mode} needs manifests`);
  return {
    manifests: mode === 'off' || path === undefined ? undefined : { path, pollMs: variables.PERSISTED_OPERATIONS_POLL_MS },
    mode,
    maxTexts: variables.APQ_MAX_TEXTS,
    maxCharacters: variables.APQ_MAX_CHARACTERS,
    maxOrganizations: variables.APQ_MAX_ORGANIZATIONS,
  };
}
