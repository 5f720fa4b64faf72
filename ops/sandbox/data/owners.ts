import { barcodeOfSample, samplesOfJob } from './facts.ts';

/** An organization that data of the sandbox belongs to. */
export type Owner = {
  readonly id: string;
  /** Stands in every text of its data when given, so that its data is known wherever it turns up. */
  readonly mark?: string;
};

/** Whose a sample is, by its number from 1; what a sample brings with it is of the same owner. */
export type OwnerOf = (sample: number) => Owner;

const owners = [{ id: 'lab' }, { id: 'acme-genomics' }, { id: 'helix-labs' }] as const;

/** By number modulo 3 (design.md section 8). */
export const seedOwners: OwnerOf = (sample) => owners[(sample % 3) as 0 | 1 | 2];

/** The owner of all of a job's samples; of samples of several owners a job is nobody's alone. */
export function ownerOfJob(job: number, ownerOf: OwnerOf): Owner | undefined {
  const [first, ...others] = samplesOfJob(job).map(ownerOf);
  return others.every((owner) => owner.id === first?.id) ? first : undefined;
}

export const markedBarcode = (sample: number, ownerOf: OwnerOf): string =>
  withMark(barcodeOfSample(sample), ownerOf(sample).mark);

/** The value with a mark at the end of each text in it; as it is without a mark. */
export function withMark<Value>(value: Value, mark: string | undefined): Value {
  return mark === undefined ? value : (marked(value, mark) as Value);
}

function marked(value: unknown, mark: string): unknown {
  if (typeof value === 'string') return `${value}-${mark}`;
  if (Array.isArray(value)) return value.map((item) => marked(item, mark));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, marked(inner, mark)]));
}
