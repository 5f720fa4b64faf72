import { z } from 'zod';
import { list, text, whole } from '#kit/input.ts';
import { isAddressRange } from '#kit/organizations/address-list.ts';
import { grantableScopes } from '#kit/organizations/key-scopes.ts';

/** A line that people read. */
const line = (max: number) => text(1, max).regex(/^\P{Cc}*$/u, 'must not have control characters');

/** Of an organization or a key; what is none is not found. */
export const Id = text(1, 64);
export const Plan = text(1, 64);
export const OverlapHours = whole(0, 720);
export const Days = whole(1, 366);

const Scope = z.enum(grantableScopes, `must be one of ${grantableScopes.join(', ')}`);
const AddressRange = text(1, 64).refine(isAddressRange, 'must be an address or a range such as 192.0.2.0/24');

export const NewApiKey = (now: number) =>
  z.object({
    organizationId: Id.nullish(),
    name: line(100),
    scopes: list(Scope, { min: 1, max: grantableScopes.length }).transform((scopes) => [...new Set(scopes)]),
    // GraphQL has checked the word.
    environment: z.custom<'LIVE' | 'TEST'>().nullish(),
    expiresAt: z
      .string()
      .refine((moment) => Date.parse(moment) > now, 'must lie in the future')
      .nullish(),
    allowedAddresses: list(AddressRange, { min: 1, max: 50 }).nullish(),
  });

export const NewOrganization = z.object({ id: Id, name: line(200), plan: Plan.nullish() });
