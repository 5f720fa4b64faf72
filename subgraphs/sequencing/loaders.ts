import { isUuid } from '#kit/ids.ts';
import type { Loader } from '#kit/loader.ts';
import { eachLoader } from '#kit/loader.ts';
import type { JobDetail } from './answers.ts';
import type { SequencingClient, SheetDetail } from './client.ts';

/** What cannot be an id is null without a call. */
export type SequencingLoaders = {
  readonly job: Loader<string, JobDetail>;
  readonly sheet: Loader<string, SheetDetail>;
};

export function sequencingLoaders(client: SequencingClient): SequencingLoaders {
  return { job: byUuid(eachLoader(client.job)), sheet: byUuid(eachLoader(client.sheet)) };
}

const byUuid = <Value>(loader: Loader<string, Value>): Loader<string, Value> => ({
  load: async (id) => (isUuid(id) ? loader.load(id.toLowerCase()) : null),
});
