import { checked } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import type { ContainerRow, SamplePosition, StorageLocation } from './answers.ts';
import { Assignment, Id, LocationChange, Move, NewContainer, NewLocation, Reason } from './bounds.ts';
import { hasContainer, isNewSince, isPlaced, locationIsAs } from './committed.ts';
import type { StorageContext } from './resolvers.ts';
import { storeSample } from './store-sample.ts';

type ById = { readonly id: string };
type Given = { readonly input: unknown };
type Create = Given & { readonly idempotencyKey?: string | null };
type Removal = { readonly sampleId: string; readonly reason?: string | null };

export const mutations = {
  createStorageLocation: async (_: unknown, { input, idempotencyKey }: Create, context: StorageContext) => {
    const location = checked(NewLocation, input);
    return context.once(idempotencyKey, ['createStorageLocation', location], () => createLocation(location, context));
  },
  updateStorageLocation: async (_: unknown, { id: given, input }: ById & Given, context: StorageContext) => {
    const id = checked(Id, given, 'id');
    const change = checked(LocationChange, input);
    const isCommitted = async () => locationIsAs(change, await locationNow(id, context));
    return changing(context, { write: () => context.writes.changeLocation(id, change), isCommitted });
  },
  deleteStorageLocation: async (_: unknown, { id: given }: ById, context: StorageContext) => {
    const id = checked(Id, given, 'id');
    const isCommitted = async () => (await locationNow(id, context)) === undefined;
    await changing(context, { write: () => context.writes.deleteLocation(id), isCommitted });
    return true;
  },
  createStorageContainer: async (_: unknown, { input, idempotencyKey }: Create, context: StorageContext) => {
    const container = checked(NewContainer, input);
    return context.once(idempotencyKey, ['createStorageContainer', container], () => createContainer(container, context));
  },
  assignSample: async (_: unknown, { input, idempotencyKey }: Create, context: StorageContext) => {
    const assignment = checked(Assignment, input);
    return context.once(idempotencyKey, ['assignSample', assignment], () => assign(assignment, context));
  },
  storeSample: async (_: unknown, { input, idempotencyKey }: Create, context: StorageContext) => {
    const wanted = checked(Assignment, input);
    return context.once(idempotencyKey, ['storeSample', wanted], () => storeSample(wanted, context));
  },
  moveSample: async (_: unknown, { input }: Given, context: StorageContext) => {
    const move = checked(Move, input);
    const wanted = { containerId: move.newContainerId, positionIdentifier: move.newPositionIdentifier };
    const isCommitted = async () => isPlaced(wanted, await context.client.position(move.sampleId));
    return changing(context, { write: () => context.writes.move(move), isCommitted });
  },
  removeSampleFromStorage: async (_: unknown, { sampleId: given, reason: why }: Removal, context: StorageContext) => {
    const sampleId = checked(Id, given, 'sampleId');
    const reason = checked(Reason, why, 'reason');
    const isCommitted = async () => isPlaced(null, await context.client.position(sampleId));
    await changing(context, { write: () => context.writes.remove(sampleId, reason), isCommitted });
    return true;
  },
};

/** The change may have happened whatever its answer was, so what was known before is forgotten in any case. */
async function changing<Value>(context: StorageContext, write: Parameters<typeof writeOnce<Value>>[0]): Promise<Value> {
  try {
    return await writeOnce(write);
  } finally {
    context.forget();
  }
}

/** There is a route for a single location, but the list is what this subgraph reads anyway. */
const locationNow = async (id: string, { client }: StorageContext): Promise<StorageLocation | undefined> =>
  (await client.locations()).find((location) => location.id === id);

function createLocation(wanted: NewLocation, context: StorageContext): Promise<StorageLocation> {
  const since = context.clock.now();
  const isIt = (location: StorageLocation): boolean => isNewSince(since, location) && locationIsAs(wanted, location);
  return changing(context, {
    write: () => context.writes.createLocation(wanted),
    isCommitted: async () => (await context.client.locations()).some(isIt),
  });
}

function createContainer(wanted: NewContainer, context: StorageContext): Promise<ContainerRow> {
  const since = context.clock.now();
  return changing(context, {
    write: () => context.writes.createContainer(wanted),
    isCommitted: () => hasContainer(wanted, since, context.client),
  });
}

function assign(wanted: Assignment, context: StorageContext): Promise<SamplePosition> {
  return changing(context, {
    write: () => context.writes.assign(wanted),
    isCommitted: async () => isPlaced(wanted, await context.client.position(wanted.sampleId)),
  });
}
