import { z } from 'zod';

const name = z.string().min(1).max(256);

/** What kept answers may be asked to be fetched anew, as operators and services say it (design section 6). */
export const Invalidation = z.discriminatedUnion('kind', [
  /** One entity by one of its keys, such as `{ id: "5" }`; ids are texts. */
  z.strictObject({ kind: z.literal('entity'), type: name, key: z.record(name, z.json()) }),
  z.strictObject({ kind: z.literal('type'), type: name }),
  /** What `@cacheTag` gave this tag. */
  z.strictObject({ kind: z.literal('tag'), tag: name }),
  z.strictObject({ kind: z.literal('subgraph'), subgraph: name }),
  z.strictObject({ kind: z.literal('organization'), organization: name }),
]);

export type Invalidation = z.infer<typeof Invalidation>;
