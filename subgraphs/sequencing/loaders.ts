import type { Loader } from '#kit/loader.ts';
import { eachLoader, uuidLoader } from '#kit/loader.ts';
import type { JobDetail } from './answers.ts';
import type { SequencingClient, SheetDetail } from './client.ts';

/** What cannot be an id is null without a call. */
export type SequencingLoaders = {
  readonly job: Loader<string, JobDetail>;
  readonly sheet: Loader<string, SheetDetail>;
  /** Reads everything anew; to be called when something has changed. */
  readonly forget: () => void;
};

export function sequencingLoaders(client: SequencingClient): SequencingLoaders {
  const fresh = () => ({ job: uuidLoader(eachLoader(client.job)), sheet: uuidLoader(eachLoader(client.sheet)) });
  let kept = fresh();
  return {
    job: { load: (id) => kept.job.load(id) },
    sheet: { load: (id) => kept.sheet.load(id) },
    forget() {
      kept = fresh();
    },
  };
}
