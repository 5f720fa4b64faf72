import { z } from 'zod';
import type { Caller } from './caller.ts';
import { ExpectedError } from './errors.ts';
import { path } from './path.ts';
import type { Decoder, RestClient } from './rest-client.ts';
import { organizationIn } from './tenancy.ts';

/* In which state a sample is, asked and changed at the sample service (contract section 1.2) by the subgraphs of other services. */

/** `InStorage`, and `in_storage` of older generations of the service, is IN_STORAGE. */
const State = z.string().transform((word) => word.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase());

const OneSample = z.object({ data: z.object({ status: State, metadata: z.unknown() }) }).transform(({ data }) => data);

/** States that other subgraphs move samples to, and the service's words for them. */
const words = {
  PENDING: 'Pending',
  VALIDATED: 'Validated',
  IN_STORAGE: 'InStorage',
  IN_SEQUENCING: 'InSequencing',
  FAILED: 'Failed',
} as const;

export type SampleState = keyof typeof words;

export type SampleStates = {
  /** Null for a sample that there is not or that is not the caller's to see. */
  readonly stateOf: (id: string) => Promise<string | null>;
  /** Gives the new state. */
  readonly move: (id: string, to: SampleState) => Promise<string>;
};

/** `rest` calls the sample service. */
export function sampleStates(rest: RestClient, { tenant }: Caller): SampleStates {
  const isVisible = (metadata: unknown): boolean => tenant === undefined || organizationIn(metadata) === tenant;
  return {
    async stateOf(id) {
      const sample = await rest.find(path`/samples/${id}`, { answer: OneSample });
      return sample !== null && isVisible(sample.metadata) ? sample.status : null;
    },
    move: async (id, to) =>
      (await rest.send('PUT', path`/samples/${id}/status`, { answer: OneSample, body: { new_status: words[to] } })).status,
  };
}

/** Tells a refused change by a sentence of the subgraph's; a 404 stays with the rules for every upstream. */
export const refusedMove =
  (sentence: string): Decoder =>
  ({ status }) =>
    [400, 409, 422].includes(status)
      ? new ExpectedError('BAD_USER_INPUT', sentence, { extensions: { service: 'samples' } })
      : undefined;
