import { z } from 'zod';

/*
 * Temperature zones are free text upstream; these are the vocabularies met so far (contract section 5), the usual word first.
 * A word not among them is no zone, and clients still see it as `temperatureZoneRaw`.
 */
export const zoneWords = {
  ULTRA_LOW_MINUS_80: ['-80C', 'ultra_low_freezer'],
  FREEZER_MINUS_20: ['-20C', 'freezer', 'standard_freezer'],
  REFRIGERATED_4: ['4C', 'refrigerated'],
  ROOM_TEMPERATURE: ['RT', 'room_temperature'],
  INCUBATOR_37: ['37C', 'incubator'],
} as const;

export type TemperatureZone = keyof typeof zoneWords;

const zones = new Map(
  (Object.keys(zoneWords) as TemperatureZone[]).flatMap((zone) =>
    zoneWords[zone].map((word) => [word.toLowerCase(), zone] as const),
  ),
);

export const zoneOf = (raw: string | null): TemperatureZone | null => zones.get(raw?.trim().toLowerCase() ?? '') ?? null;

/** The word the storage service is asked for. */
export const usualWord = (zone: TemperatureZone): string => zoneWords[zone][0];

export const containerTypes = { freezer: 'FREEZER', rack: 'RACK', box: 'BOX', position: 'POSITION' } as const;

export type ContainerType = (typeof containerTypes)[keyof typeof containerTypes];

const containerWords = Object.keys(containerTypes) as (keyof typeof containerTypes)[];

export const ContainerTypeWord = z
  .string()
  .toLowerCase()
  .pipe(z.enum(containerWords))
  .transform((word) => containerTypes[word]);

/** The storage service's word is ours in lower case. */
export const containerWord = (type: ContainerType): string => type.toLowerCase();
