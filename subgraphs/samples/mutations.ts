import { isDeepStrictEqual } from 'node:util';
import { ExpectedError } from '#kit/errors.ts';
import { checked, uuid } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import { areAsGiven } from '#kit/tenancy.ts';
import { NewSample, NewSamples, Reason, SampleChanges, SampleIds } from './bounds.ts';
import type { Sample, SamplesClient } from './client.ts';
import type { SamplesContext } from './context.ts';
import { noSuchSample } from './refusals.ts';
import { allowedTransitions } from './transitions.ts';
import type { SampleStatus } from './words.ts';
import type { Batch, Transition } from './writes.ts';

type ById = { readonly id: string };
type Creation = { readonly input: unknown; readonly idempotencyKey?: string | null };
type Change = ById & { readonly input: unknown };

export const mutations = {
  async createSample(_: unknown, { input, idempotencyKey }: Creation, context: SamplesContext) {
    const sample = checked(NewSample, input);
    return context.once(idempotencyKey, ['createSample', sample], () => create(sample, context));
  },
  async createSamples(_: unknown, { input, idempotencyKey }: Creation, context: SamplesContext) {
    const samples = checked(NewSamples, input);
    return context.once(idempotencyKey, ['createSamples', samples], () => createMany(samples, context));
  },
  async updateSample(_: unknown, { id, input }: Change, context: SamplesContext) {
    return update(checked(uuid(), id, 'id'), checked(SampleChanges, input), context);
  },
  async transitionSample(_: unknown, { id, to, reason }: ById & Transition, context: SamplesContext) {
    return transition(checked(uuid(), id, 'id'), { to, reason: checked(Reason, reason, 'reason') ?? null }, context);
  },
  async validateSample(_: unknown, { id }: ById, { writes }: SamplesContext) {
    return writes.validate(checked(uuid(), id, 'id'));
  },
  async validateSamples(_: unknown, { ids }: { readonly ids: unknown }, { writes }: SamplesContext) {
    return writes.validateMany(checked(SampleIds, ids, 'ids'));
  },
  async deleteSample(_: unknown, { id }: ById, context: SamplesContext) {
    return remove(checked(uuid(), id, 'id'), context);
  },
};

function create(sample: NewSample, { client, writes }: SamplesContext): Promise<Sample> {
  return writeOnce({
    write: () => writes.create(sample),
    isCommitted: async () => sample.barcode != null && holds(await client.byBarcode(sample.barcode), sample),
  });
}

async function createMany(samples: readonly NewSample[], { client, writes }: SamplesContext): Promise<object> {
  const { created, failed }: Batch = await writeOnce({
    write: () => writes.createMany(samples),
    isCommitted: () => areAllThere(samples, client),
  });
  return {
    created,
    failed: failed.map(({ index, error }) => ({ index, name: samples[index]?.name, error })),
    totalCreated: created.length,
    totalFailed: failed.length,
  };
}

/** Only a batch in which every sample has a barcode can be recognised, among the newest samples. */
async function areAllThere(samples: readonly NewSample[], client: SamplesClient): Promise<boolean> {
  if (samples.some(({ barcode }) => barcode == null)) return false;
  const newest = await client.page({ page: 1, size: 2 * samples.length, filter: {} });
  const known = new Map(newest.samples.map((sample) => [sample.barcode, sample]));
  return samples.every((sample) => holds(known.get(sample.barcode ?? ''), sample));
}

function update(id: string, changes: SampleChanges, { client, writes }: SamplesContext): Promise<Sample> {
  return writeOnce({
    write: () => writes.update(id, changes),
    isCommitted: async () => holds(await client.byId(id), changes),
  });
}

async function transition(id: string, wanted: Transition, { client, writes }: SamplesContext): Promise<Sample> {
  const { status } = await existing(id, client);
  if (!allowedTransitions(status).includes(wanted.to)) throw illegal(status, wanted.to);
  return writeOnce({
    write: () => writes.transition(id, wanted),
    isCommitted: async () => (await client.byId(id))?.status === wanted.to,
  });
}

function illegal(from: SampleStatus, to: SampleStatus): ExpectedError {
  const allowed = allowedTransitions(from);
  const choice = allowed.length === 0 ? 'it cannot change any more' : `allowed: ${allowed.join(', ')}`;
  const message = `to: a sample in state ${from} cannot change to ${to}; ${choice}.`;
  return new ExpectedError('BAD_USER_INPUT', message, { extensions: { field: 'to' } });
}

async function remove(id: string, { client, writes }: SamplesContext): Promise<true> {
  const { status } = await existing(id, client);
  if (status === 'IN_SEQUENCING')
    throw new ExpectedError('BAD_USER_INPUT', 'id: a sample in state IN_SEQUENCING cannot be deleted.', {
      extensions: { field: 'id' },
    });
  await writeOnce({
    write: () => writes.remove(id),
    isCommitted: async () => (await client.byId(id))?.status === 'DELETED',
  });
  return true;
}

async function existing(id: string, client: SamplesClient): Promise<Sample> {
  const sample = await client.byId(id);
  if (sample !== null) return sample;
  throw noSuchSample();
}

/** Whether a sample as it stands has every value that was given. */
function holds(sample: Sample | null | undefined, given: NewSample | SampleChanges): boolean {
  if (sample == null) return false;
  const { collectionDate, metadata, ...others } = given;
  if (metadata != null && !areAsGiven(plain(metadata), sample.metadata)) return false;
  if (collectionDate != null && Date.parse(collectionDate) !== Date.parse(sample.collectionDate ?? '')) return false;
  return Object.entries(others).every(
    ([field, value]) => value == null || isDeepStrictEqual(plain(value), sample[field as keyof Sample]),
  );
}

/** A value as it looks after its way through JSON. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
