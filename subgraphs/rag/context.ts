import type { Call } from '#kit/call.ts';
import type { Once } from '#kit/define-subgraph.ts';
import type { RagLoaders } from './loaders.ts';
import type { RagWrites } from './writes.ts';

export type RagContext = {
  readonly writes: RagWrites;
  /** Those since the last write: read them off the context when they are needed. */
  readonly loaders: RagLoaders;
  /** Drops what was read so far, after a write. */
  readonly forget: () => void;
  readonly call: Call;
  readonly once: Once;
};
