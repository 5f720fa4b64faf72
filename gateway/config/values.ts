import { z } from 'zod';
import type { AddressSet } from '#kit/address-set.ts';
import { addressSet } from '#kit/address-set.ts';

/* Kinds of values that variables have. */

/** Every time is in milliseconds where its name does not say otherwise. */
export const milliseconds = z.coerce.number().int().positive();
export const count = z.coerce.number().int().positive();
/** From 0 on, where 0 has a meaning of its own. */
export const countOrNone = z.coerce.number().int().min(0);
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
/** Comma-separated. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
export const addresses = list.transform((entries, context): AddressSet => {
  try {
    return addressSet(entries);
  } catch (error) {
    context.issues.push({ code: 'custom', message: (error as Error).message, input: entries });
    return z.NEVER;
  }
});

/** What a part's variables are once they are read. */
export type Values<Shape extends z.core.$ZodLooseShape> = z.infer<z.ZodObject<Shape>>;
