import { z } from 'zod';

/** One look-up in the cache, as `extensions.cache` tells it; times in seconds. */
const Lookup = z.object({
  subgraph: z.string(),
  status: z.string(),
  age: z.number(),
  ttl: z.number(),
  tags: z.array(z.string()),
});

const Told = z.object({ extensions: z.object({ cache: z.array(Lookup) }) });

const Failed = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });

/** The look-ups of an answer; undefined where it does not tell of them. */
export const keptOf = (answer: object): readonly z.infer<typeof Lookup>[] | undefined =>
  Told.safeParse(answer).data?.extensions.cache;

/** What is wrong with an answer, if anything is. */
export const problemOf = (answer: object): string | undefined => Failed.safeParse(answer).data?.errors[0]?.message;
