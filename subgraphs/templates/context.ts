import type { Call } from '#kit/call.ts';
import type { Once } from '#kit/define-subgraph.ts';
import type { TemplatesClient } from './client.ts';
import type { TemplateLoaders } from './loaders.ts';
import type { TemplateWrites } from './writes.ts';

export type TemplatesContext = {
  readonly client: TemplatesClient;
  readonly writes: TemplateWrites;
  /** Those since the last write: read them off the context when they are needed. */
  readonly loaders: TemplateLoaders;
  /** Drops what was read so far, after a write. */
  readonly forget: () => void;
  readonly call: Call;
  readonly once: Once;
};
