import type { Call } from '#kit/call.ts';
import type { Once } from '#kit/define-subgraph.ts';
import type { AuthClient } from './client.ts';
import type { AuthLoaders } from './loaders.ts';
import type { AuthWrites } from './writes.ts';

export type AuthContext = {
  readonly client: AuthClient;
  readonly writes: AuthWrites;
  readonly loaders: AuthLoaders;
  readonly call: Call;
  readonly once: Once;
};
