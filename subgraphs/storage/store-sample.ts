import { ExpectedError } from '#kit/errors.ts';
import type { Step } from '#kit/saga.ts';
import { saga } from '#kit/saga.ts';
import type { SamplePosition } from './answers.ts';
import type { Assignment } from './bounds.ts';
import type { StorageClient } from './client.ts';
import type { StorageClients, StorageContext } from './resolvers.ts';

/** No service couples the two writes (contract section 5). The state has no way back, so it comes last. */
export async function storeSample(wanted: Assignment, context: StorageContext): Promise<SamplePosition> {
  await mustBeStorable(wanted, context);
  const { call, detached, onLeftBehind } = context;
  try {
    return await saga({ signal: call.signal, clients: context, detached, onLeftBehind }, async (step) => {
      const position = await step(positionAssigned(wanted));
      await step(sampleInStorage(wanted));
      return position;
    });
  } finally {
    context.forget();
  }
}

/** What can be known beforehand costs no write. */
async function mustBeStorable({ sampleId, containerId }: Assignment, { samples, client }: StorageClients): Promise<void> {
  const [state, detail, occupants] = await Promise.all([
    samples.stateOf(sampleId),
    client.container(containerId),
    client.occupants(containerId),
  ]);
  if (state === null) throw refused('NOT_FOUND', 'sampleId', 'there is no such sample.');
  if (state !== 'VALIDATED')
    throw refused(
      'BAD_USER_INPUT',
      'sampleId',
      `a sample in state ${state} cannot change to IN_STORAGE; allowed from: VALIDATED.`,
    );
  if (detail === null || occupants === null) throw refused('NOT_FOUND', 'containerId', 'there is no such container.');
  const { type, capacity } = detail.container;
  if (type !== 'POSITION') throw refused('BAD_USER_INPUT', 'containerId', `is a ${type}, and a sample lies in a POSITION.`);
  if (occupants.length >= capacity.total) throw refused('BAD_USER_INPUT', 'containerId', 'the position is taken.');
}

function refused(code: 'NOT_FOUND' | 'BAD_USER_INPUT', argument: string, sentence: string): ExpectedError {
  const field = `input.${argument}`;
  return new ExpectedError(code, `${field}: ${sentence}`, { extensions: { field } });
}

const positionAssigned = (wanted: Assignment): Step<StorageClients, SamplePosition> => ({
  done: 'position assigned',
  run: ({ writes }) => writes.assign(wanted),
  find: ({ client }) => stayOf(wanted, client),
  undo: () => [
    {
      run: ({ writes }) => writes.remove(wanted.sampleId, 'storeSample was undone'),
      find: async ({ client }) => ((await stayOf(wanted, client)) === null ? true : null),
    },
  ],
});

const sampleInStorage = ({ sampleId }: Assignment): Step<StorageClients, string> => ({
  done: 'sample IN_STORAGE',
  run: ({ samples }) => samples.move(sampleId, 'IN_STORAGE'),
  find: async ({ samples }) => ((await samples.stateOf(sampleId)) === 'IN_STORAGE' ? 'IN_STORAGE' : null),
});

/** Asked of the container: the route that tells where a sample is does not work on the real service (contract section 1.3). */
async function stayOf({ sampleId, containerId }: Assignment, client: StorageClient): Promise<SamplePosition | null> {
  const occupants = await client.occupants(containerId);
  return occupants?.find((stay) => stay.sampleId === sampleId && stay.removedAt === null) ?? null;
}
