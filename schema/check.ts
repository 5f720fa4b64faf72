import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';
import type { Composed } from './compose.ts';

type Committed = Pick<Composed, 'supergraph' | 'api'>;

export type Findings = {
  /** Changes that break operations which worked with the committed API. */
  readonly breaking: readonly string[];
  /** Changes that may surprise a client, such as a new enum value. */
  readonly dangerous: readonly string[];
  /** True when the committed files are not what the subgraphs compose to. */
  readonly drifted: boolean;
};

/** Holds what the subgraphs compose to now against what is committed. */
export function check(committed: Committed, composed: Committed): Findings {
  const before = buildSchema(committed.api);
  const after = buildSchema(composed.api);
  return {
    breaking: findBreakingChanges(before, after).map(({ description }) => description),
    dangerous: findDangerousChanges(before, after).map(({ description }) => description),
    drifted: committed.supergraph !== composed.supergraph || committed.api !== composed.api,
  };
}
