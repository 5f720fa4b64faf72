import { z } from 'zod';
import { text } from '#kit/input.ts';

/** Bounds of what the auth service is told (contract section 1.1). */
export const Email = text(3, 255).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address');

const strength = 'must have 8 to 1024 characters, among them a capital letter, a small letter and a digit';

/** A password to be; those of today may be older than these rules. */
export const NewPassword = z
  .string(strength)
  .min(8, strength)
  .max(1_024, strength)
  .regex(/[A-Z]/, strength)
  .regex(/[a-z]/, strength)
  .regex(/\d/, strength);

export const Credentials = z.object({ email: Email, password: text(1, 1_024), rememberMe: z.boolean().nullish() });

export const Registration = z.object({
  email: Email,
  password: NewPassword,
  firstName: text(1, 255),
  lastName: text(1, 255),
});

/** Of a letter or of a login; what is none is for the auth service to say. */
export const Token = text(1, 1_024);

export type Credentials = Readonly<z.infer<typeof Credentials>>;
export type Registration = Readonly<z.infer<typeof Registration>>;
