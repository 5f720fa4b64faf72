import { z } from 'zod';
import { text, whole } from '#kit/input.ts';
import { maxRows } from './cypher.ts';

/* What a caller may ask for with a statement of his own, told before the graph service is asked. */

export const Parameters = z.record(z.string(), z.unknown(), 'must be a JSON object');

/** Of a graph that is only looked for; names that are known are looked up. */
export const GraphName = text(1, 255);

export const Limit = whole(1, maxRows);

export const Offset = whole(0, 2_147_483_647);

export const TimeoutMs = whole(1, 60_000);

export const PageNumber = whole(1, 1_000_000);

export const PageSize = whole(1, 200);
