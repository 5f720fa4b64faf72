import { z } from 'zod';
import { text, uuid, whole } from '#kit/input.ts';
import { containerTypes, zoneWords } from './words.ts';

/* What the storage service takes (contract section 1.3), told before it is asked. */

/** The service keeps whole numbers of 32 bits. */
const room = whole(1, 2_147_483_647);
const named = text(1, 255).regex(/\S/, 'must not be blank');
const kind = text(1, 100);
const zone = z.enum(Object.keys(zoneWords) as (keyof typeof zoneWords)[]);
const remark = text(0, 2_000).nullish();
const object = z.record(z.string(), z.unknown(), 'must be a JSON object').nullish();
const place = whole(0, 10_000).nullish();
const identifier = text(1, 50).nullish();

export const Id = uuid();

export const Reason = remark;

export const NewLocation = z.object({
  name: named,
  locationType: kind,
  temperatureZone: zone,
  maxCapacity: room,
  description: remark,
  metadata: object,
});

export type NewLocation = Readonly<z.infer<typeof NewLocation>>;

export const LocationChange = z
  .object({
    name: named.nullish(),
    locationType: kind.nullish(),
    temperatureZone: zone.nullish(),
    maxCapacity: room.nullish(),
    description: remark,
    status: text(1, 50).nullish(),
    metadata: object,
  })
  .refine((change) => Object.values(change).some((value) => value != null), 'must change something');

export type LocationChange = Readonly<z.infer<typeof LocationChange>>;

export const NewContainer = z
  .object({
    name: named,
    type: z.enum(Object.values(containerTypes)),
    capacity: room,
    parentId: uuid().nullish(),
    locationId: uuid().nullish(),
    row: place,
    column: place,
    temperatureZone: zone.nullish(),
    barcode: text(1, 100).nullish(),
    description: remark,
  })
  .refine(({ row, column }) => (row == null) === (column == null), 'must have both a row and a column, or none');

export type NewContainer = Readonly<z.infer<typeof NewContainer>>;

export const Assignment = z.object({
  sampleId: uuid(),
  containerId: uuid(),
  positionIdentifier: identifier,
  storageConditions: object,
  specialRequirements: object,
  notes: remark,
});

export type Assignment = Readonly<z.infer<typeof Assignment>>;

export const Move = z.object({
  sampleId: uuid(),
  newContainerId: uuid(),
  newPositionIdentifier: identifier,
  reason: remark,
  notes: remark,
});

export type Move = Readonly<z.infer<typeof Move>>;
