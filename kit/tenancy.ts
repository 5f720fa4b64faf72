import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ExpectedError } from './errors.ts';

/*
 * Whose data something is stands in its free-form facts, as `organization_id`; what names no organization is the
 * laboratory's own (design section 8). Each subgraph asks here, at the one place where it meets its service.
 */

type Facts = Readonly<Record<string, unknown>>;

const Owned = z.object({ organization_id: z.string() });

/** The organization that facts name as the owner. */
export const organizationIn = (facts: unknown): string | undefined => Owned.safeParse(facts).data?.organization_id;

/** Facts that only the laboratory writes, because they decide what an organization may see. */
const reserved = ['organization_id', 'rag_submission_id'] as const;

const Facts = z.record(z.string(), z.unknown());

const reservedIn = (facts: unknown): Facts =>
  Object.fromEntries(
    Object.entries(Facts.safeParse(facts).data ?? {}).filter(([name]) => (reserved as readonly string[]).includes(name)),
  );

/** What a tenant's new thing says of itself. @throws ExpectedError BAD_USER_INPUT as `restamped` */
export const stamped = (facts: Facts | null | undefined, tenant: string): Facts => restamped(facts, { organization_id: tenant });

/**
 * Facts that a tenant gives in place of others: those that only the laboratory writes stay as they stand, named or not.
 * @throws ExpectedError BAD_USER_INPUT when they are to become something else
 */
export function restamped(facts: Facts | null | undefined, standing: unknown): Facts {
  const kept = reservedIn(standing);
  const changed = Object.entries(reservedIn(facts)).find(([name, value]) => !isDeepStrictEqual(value, kept[name]));
  if (changed !== undefined) throw new ExpectedError('BAD_USER_INPUT', `${changed[0]}: is for the laboratory to say.`);
  return { ...facts, ...kept };
}

/** Whether facts became what was given, apart from those that are kept or added without being named. */
export const areAsGiven = (given: unknown, found: unknown): boolean =>
  isDeepStrictEqual({ ...reservedIn(found), ...(given as Facts) }, found);

/** For what is not divided among organizations: the laboratory's own shared things, and services that cannot keep them apart. */
export const forLaboratory = (): ExpectedError =>
  new ExpectedError('FORBIDDEN', 'This is for the laboratory alone, not for other organizations.');
