import type { Call } from '#kit/call.ts';
import type { Once } from '#kit/define-subgraph.ts';
import type { SamplesClient } from './client.ts';
import type { SampleList } from './list.ts';
import type { SampleLoaders } from './loaders.ts';
import type { SampleWrites } from './writes.ts';

export type SamplesContext = {
  readonly client: SamplesClient;
  readonly writes: SampleWrites;
  readonly loaders: SampleLoaders;
  readonly list: SampleList;
  readonly call: Call;
  readonly once: Once;
};
