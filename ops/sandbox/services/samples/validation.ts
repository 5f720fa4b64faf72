import type { Sample } from '#ops/sandbox/data/samples.ts';
import type { Verdict } from './rules.ts';
import { judge } from './rules.ts';

/** The answer about one sample, with the fields the real service always leaves empty. */
export type Validation = {
  readonly id: 0;
  readonly sample_id: string;
  readonly rule_id: null;
  readonly validation_passed: boolean;
  readonly is_valid: boolean;
  readonly error_message: string | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly validated_at: string;
  readonly validated_by: null;
};

/** A sample that does not exist is invalid, not an error: a batch answers for every id it is asked about. */
export function validationOf({ id, sample }: { id: string; sample: Sample | undefined }, now: Date): Validation {
  const verdict: Verdict = sample ? judge(sample, now) : { errors: ['Sample not found'], warnings: [] };
  const isValid = verdict.errors.length === 0;
  return {
    id: 0,
    sample_id: id,
    rule_id: null,
    validation_passed: isValid,
    is_valid: isValid,
    error_message: verdict.errors.join('; ') || null,
    ...verdict,
    validated_at: now.toISOString(),
    validated_by: null,
  };
}
