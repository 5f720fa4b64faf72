import type { Caller } from '#kit/caller.ts';
import { roles } from '#kit/caller.ts';

/** Decides policies of `@policy` by name; one that is not here holds for nobody. */
export type Policies = ReadonlyMap<string, (caller: Caller) => boolean>;

/**
 * The policies a schema may name: `kind:user` for people of the laboratory, `kind:partner` for organizations with a key,
 * and `role:<name>`, such as `role:lab_technician`, for people with that role or a stronger one.
 */
export const callerPolicies: Policies = new Map([
  ['kind:user', ({ kind }: Caller) => kind === 'user'],
  ['kind:partner', ({ kind }: Caller) => kind === 'partner'],
  ...roles.map((role, rank) => [`role:${role}`, (caller: Caller) => strongest(caller) >= rank] as const),
]);

const strongest = ({ roles: held }: Caller): number => Math.max(-1, ...held.map((role) => roles.indexOf(role)));
