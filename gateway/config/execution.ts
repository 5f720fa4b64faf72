import { z } from 'zod';
import type { Values } from './values.ts';

/** How plans are carried out. */
export const executionVariables = {
  /** `compiled` runs operations as our own code made of their plans, `stock` as Apollo's library does. */
  EXECUTOR: z.enum(['compiled', 'stock']).default('compiled'),
};

export const executionSettings = (variables: Values<typeof executionVariables>) => ({
  compiled: variables.EXECUTOR === 'compiled',
});
