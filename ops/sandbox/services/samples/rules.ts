import type { SampleStatus } from '#ops/sandbox/data/facts.ts';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import { sampleTypes } from '#ops/sandbox/data/samples.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import type { SampleFields } from './bodies.ts';
import { transitions } from './states.ts';

/** The message does not name the two states; the real service's does not either. */
export function requireTransition(from: SampleStatus, to: SampleStatus): void {
  if (transitions[from].includes(to)) return;
  throw new ServiceFailure(400, 'Invalid workflow transition', { code: 'invalid_workflow_transition' });
}

/** Deleting goes past the table of transitions: only sequencing holds a sample back. */
export function requireDeletable(sample: Sample): void {
  if (sample.status !== 'InSequencing') return;
  throw new ServiceFailure(400, 'Cannot delete a sample that is being sequenced', { code: 'business_rule_violation' });
}

/** Refuses values that have the right type and the wrong content. */
export function requireValidFields(fields: Partial<SampleFields>): void {
  const [problem] = problemsOf(fields);
  if (problem !== undefined) throw new ServiceFailure(400, problem, { code: 'validation_error' });
}

function problemsOf({ name, barcode, sample_type, quality_score, ...fields }: Partial<SampleFields>): string[] {
  const problems: string[] = [];
  if (isPresent(name) && !hasLength(name, 255)) problems.push('name must have 1 to 255 characters');
  if (isPresent(barcode) && !hasLength(barcode, 100)) problems.push('barcode must have 1 to 100 characters');
  if (isPresent(sample_type) && !isSampleType(sample_type)) problems.push(`sample_type must be one of ${sampleTypes.join(', ')}`);
  if (isPresent(quality_score) && (quality_score < 0 || quality_score > 1)) problems.push('quality_score must lie in 0 to 1');
  if (isNegative(fields.concentration)) problems.push('concentration must not be negative');
  if (isNegative(fields.volume)) problems.push('volume must not be negative');
  return problems;
}

const isPresent = <Value>(value: Value | null | undefined): value is Value => value !== null && value !== undefined;

const hasLength = (text: string, max: number): boolean => text.length >= 1 && text.length <= max;

const isNegative = (value: number | null | undefined): boolean => isPresent(value) && value < 0;

const isSampleType = (text: string): boolean => sampleTypes.some((type) => type === text);

export type Verdict = { readonly errors: readonly string[]; readonly warnings: readonly string[] };

/** Whether a sample is fit for the next step. Looking at it changes nothing. */
export function judge(sample: Sample, now: Date): Verdict {
  return { errors: errorsOf(sample, now), warnings: warningsOf(sample) };
}

function errorsOf(sample: Sample, now: Date): string[] {
  const errors = problemsOf(sample);
  if (sample.status === 'Deleted') errors.push('The sample is deleted');
  if (sample.collection_date !== null && Date.parse(sample.collection_date) > now.getTime()) {
    errors.push('collection_date lies in the future');
  }
  if (sample.template_id !== null && sample.metadata === null) errors.push('A sample with a template needs metadata');
  return errors;
}

function warningsOf(sample: Sample): string[] {
  const warnings: string[] = [];
  if (sample.quality_score === null) warnings.push('quality_score is missing');
  const isMeasured = sample.concentration !== null || sample.volume !== null;
  if (isMeasured && sample.unit === null) warnings.push('unit is missing');
  return warnings;
}
