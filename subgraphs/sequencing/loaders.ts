import type { Loader } from '#kit/loader.ts';
import { eachLoader, uuidLoader } from '#kit/loader.ts';
import type { JobDetail } from './answers.ts';
import type { SequencingClient, SheetDetail } from './client.ts';

/** What cannot be an id is null without a call. */
export type SequencingLoaders = {
  readonly job: Loader<string, JobDetail>;
  readonly sheet: Loader<string, SheetDetail>;
};

export function sequencingLoaders(client: SequencingClient): SequencingLoaders {
  return { job: uuidLoader(eachLoader(client.job)), sheet: uuidLoader(eachLoader(client.sheet)) };
}
