import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import type { Subgraph, SubgraphFace } from './define-subgraph.ts';
import { runSubgraph } from './define-subgraph.ts';
import type { OrganizationParts } from './organizations/administration.ts';

/** What a definition opens itself with. */
type StoreOpenParts = OrganizationParts & {
  readonly clock: Clock;
  /** Hears why the store could not be asked. */
  readonly onFailure: (error: unknown) => void;
};

type StoreSubgraphDefinition<Context extends object> = SubgraphFace & {
  /** Opens what outlives a request and returns how the context of one request is made. */
  readonly open: (parts: StoreOpenParts) => (call: Call) => Context;
};

/** A subgraph over the store of organizations: no service stands behind it, and there is nothing to call over REST. */
export function defineStoreSubgraph<Context extends object>({ open, ...face }: StoreSubgraphDefinition<Context>): Subgraph {
  return {
    name: face.name,
    needs: [],
    needsOrganizations: true,
    open({ organizations, clock, onUnexpectedError, compiled }) {
      if (organizations === undefined) throw new Error(`The ${face.name} subgraph needs the store of organizations.`);
      const onFailure = (error: unknown): void => onUnexpectedError(error, face.name);
      return runSubgraph(face, { makeContext: open({ ...organizations, clock, onFailure }), onUnexpectedError, compiled });
    },
  };
}
