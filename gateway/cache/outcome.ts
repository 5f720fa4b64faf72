import type { SubgraphRequest } from '#gateway/request.ts';
import type { Brought } from './ask.ts';
import type { Lookup, Slot } from './lookup.ts';
import type { Fence } from './store.ts';

/** One request that lacks something. */
export type Task = {
  readonly request: SubgraphRequest;
  readonly lookup: Lookup;
  readonly fenceOf: (slot: Slot) => Fence;
};

/** What became of one part; `isNew` where it comes from the subgraph and from no store. */
export type Outcome =
  | { readonly kind: 'brought'; readonly brought: Brought; readonly isNew: boolean; readonly costMs?: number }
  | { readonly kind: 'threw'; readonly error: unknown };
