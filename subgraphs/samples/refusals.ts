import { ExpectedError } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';

/** What the sample service means by its refusals (contract section 1.2), in our words; the rest is refused in general. */
const sentences: ReadonlyMap<unknown, string> = new Map([
  ['duplicate_barcode', 'input.barcode: is already used.'],
  ['invalid_workflow_transition', 'to: the sample cannot change to this state.'],
  ['business_rule_violation', 'The state of the sample does not allow this.'],
  ['template_validation_error', 'input: does not fit the template.'],
  ['concurrent_modification', 'The sample was changed by somebody else at the same moment; read it again.'],
]);

/** A 404 stays with the rules for every upstream: to look for what is not there is no failure. */
export const decode: Decoder = ({ status, body }) => {
  if (![400, 409, 422].includes(status)) return undefined;
  const cause = new Error(`The samples service answered ${status}.`);
  return new ExpectedError('BAD_USER_INPUT', sentences.get(codeOf(body)) ?? 'The sample service refuses these values.', {
    cause,
  });
};

export const noSuchSample = (): ExpectedError =>
  new ExpectedError('NOT_FOUND', 'There is no such sample.', { extensions: { field: 'id' } });

/** The service says why one sample of a batch failed in free text alone. */
export const failureOf = (text: string): string =>
  /barcode/i.test(text) ? 'barcode: is already used.' : 'The sample service refuses these values.';

function codeOf(body: string): unknown {
  try {
    return JSON.parse(body)?.error;
  } catch {
    return undefined;
  }
}
