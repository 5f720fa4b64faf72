import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { SamplePosition } from './answers.ts';
import { ContainerRow, Occupant, StorageLocation } from './answers.ts';
import type { Assignment, LocationChange, Move, NewContainer, NewLocation } from './bounds.ts';
import { explained } from './refusals.ts';
import { containerWord, usualWord } from './words.ts';

const OneLocation = z.object({ data: StorageLocation }).transform(({ data }) => data);
const OneContainer = z.object({ data: ContainerRow }).transform(({ data }) => data);
const OnePosition = z.object({ data: Occupant }).transform(({ data }) => data);

/** Everything that changes something; each is one call that is never repeated. */
export type StorageWrites = {
  readonly createLocation: (location: NewLocation) => Promise<StorageLocation>;
  readonly changeLocation: (id: string, change: LocationChange) => Promise<StorageLocation>;
  readonly deleteLocation: (id: string) => Promise<unknown>;
  readonly createContainer: (container: NewContainer) => Promise<ContainerRow>;
  readonly assign: (assignment: Assignment) => Promise<SamplePosition>;
  readonly move: (move: Move) => Promise<SamplePosition>;
  readonly remove: (sampleId: string, reason: string | null | undefined) => Promise<unknown>;
};

export function storageWrites(rest: RestClient): StorageWrites {
  return { ...locationWrites(rest), ...containerWrites(rest), ...sampleWrites(rest) };
}

const noLocation = { missing: 'There is no such location.' };
const holdsContainers = { refused: 'The location holds containers, so it cannot be deleted.', ...noLocation };
const wrongParent = {
  refused: 'The container does not fit where it is to go: a freezer holds racks, a rack boxes, a box positions.',
  missing: 'There is no such parent or location.',
};
const notFree = {
  refused: 'The position is taken, or the sample is stored already.',
  missing: 'There is no such container.',
};
const notMovable = {
  refused: 'The position is taken, or it is no position.',
  missing: 'The sample is not stored, or there is no such container.',
};
const notStored = { missing: 'The sample is not stored.' };

function locationWrites({ send }: RestClient) {
  return {
    createLocation: (location: NewLocation) =>
      send('POST', '/storage/locations', { answer: OneLocation, body: locationBody(location) }),
    changeLocation: (id: string, change: LocationChange) =>
      explained(noLocation, send('PUT', path`/storage/locations/${id}`, { answer: OneLocation, body: locationBody(change) })),
    deleteLocation: (id: string) =>
      explained(holdsContainers, send('DELETE', path`/storage/locations/${id}`, { answer: z.unknown() })),
  };
}

function containerWrites({ send }: RestClient) {
  return {
    createContainer: (container: NewContainer) =>
      explained(wrongParent, send('POST', '/storage/containers', { answer: OneContainer, body: containerBody(container) })),
  };
}

function sampleWrites({ send }: RestClient) {
  return {
    assign: (assignment: Assignment) =>
      explained(notFree, send('POST', '/storage/samples/assign', { answer: OnePosition, body: assignmentBody(assignment) })),
    move: ({ sampleId, newContainerId, newPositionIdentifier, reason, notes }: Move) => {
      const body = { new_container_id: newContainerId, new_position_identifier: newPositionIdentifier, reason, notes };
      return explained(notMovable, send('PUT', path`/storage/samples/${sampleId}/move`, { answer: OnePosition, body }));
    },
    remove: (sampleId: string, reason: string | null | undefined) => {
      const removal = { answer: z.unknown(), query: { reason } };
      return explained(notStored, send('DELETE', path`/storage/samples/${sampleId}/position`, removal));
    },
  };
}

/** The service leaves unchanged what it is not sent, and refuses some nulls. */
const locationBody = ({ temperatureZone, locationType, maxCapacity, ...others }: LocationChange): object =>
  withoutNulls({
    ...others,
    temperature_zone: temperatureZone && usualWord(temperatureZone),
    location_type: locationType,
    max_capacity: maxCapacity,
  });

const containerBody = ({ row, column, ...container }: NewContainer): object =>
  withoutNulls({
    name: container.name,
    container_type: containerWord(container.type),
    capacity: container.capacity,
    parent_container_id: container.parentId,
    location_id: container.locationId,
    grid_position: row == null ? null : { row, column },
    temperature_zone: container.temperatureZone && usualWord(container.temperatureZone),
    barcode: container.barcode,
    description: container.description,
  });

const assignmentBody = (assignment: Assignment): object =>
  withoutNulls({
    sample_id: assignment.sampleId,
    container_id: assignment.containerId,
    position_identifier: assignment.positionIdentifier,
    storage_conditions: assignment.storageConditions,
    special_requirements: assignment.specialRequirements,
    notes: assignment.notes,
  });

const withoutNulls = (body: object): object => Object.fromEntries(Object.entries(body).filter(([, value]) => value != null));
