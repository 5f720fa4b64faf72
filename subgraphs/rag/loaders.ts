import type { Loader } from '#kit/loader.ts';
import { batchLoader } from '#kit/loader.ts';
import type { RagClient, Submission } from './client.ts';

export type RagLoaders = {
  /** Listed once per request; `byId` picks from the same list. */
  readonly all: () => Promise<readonly Submission[]>;
  readonly byId: Loader<string, Submission>;
};

export function ragLoaders(client: RagClient): RagLoaders {
  let listed: Promise<readonly Submission[]> | undefined;
  const all = (): Promise<readonly Submission[]> => {
    listed ??= client.submissions();
    return listed;
  };
  return {
    all,
    byId: batchLoader(async () => new Map((await all()).map((submission) => [submission.id, submission]))),
  };
}
