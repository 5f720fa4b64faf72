import { z } from 'zod';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError } from '#kit/errors.ts';
import { path } from '#kit/path.ts';
import type { Decoder, RestClient } from '#kit/rest-client.ts';
import { organizationIn } from '#kit/tenancy.ts';

/* What this subgraph asks the sample service (contract section 1.2): in which state a sample is, and to have it stored. */

/** `InStorage`, and `in_storage` of older generations of the service, is IN_STORAGE. */
const State = z.string().transform((word) => word.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase());

const OneSample = z.object({ data: z.object({ status: State, metadata: z.unknown() }) }).transform(({ data }) => data);

export type SampleStates = {
  /** Null for a sample that there is not or that is not the caller's to see. */
  readonly stateOf: (id: string) => Promise<string | null>;
  /** Gives the new state. */
  readonly store: (id: string) => Promise<string>;
};

export function sampleStates(rest: RestClient, { tenant }: Caller): SampleStates {
  const isVisible = (metadata: unknown): boolean => tenant === undefined || organizationIn(metadata) === tenant;
  return {
    async stateOf(id) {
      const sample = await rest.find(path`/samples/${id}`, { answer: OneSample });
      return sample !== null && isVisible(sample.metadata) ? sample.status : null;
    },
    store: async (id) =>
      (await rest.send('PUT', path`/samples/${id}/status`, { answer: OneSample, body: { new_status: 'InStorage' } })).status,
  };
}

/** A 404 stays with the rules for every upstream. */
export const decodeSamples: Decoder = ({ status }) =>
  [400, 409, 422].includes(status)
    ? new ExpectedError('BAD_USER_INPUT', 'The sample is in another state by now, from which it cannot go into storage.', {
        extensions: { service: 'samples' },
      })
    : undefined;
