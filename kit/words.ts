import { z } from 'zod';

/**
 * Reads an upstream's enum word into ours. Services write enums as their code names them; older generations of them
 * write the same words in snake_case, which is read as well (contract section 0.2). Any other word is not the contract.
 */
export function wordFrom<Ours extends string>(words: Readonly<Record<Ours, string>>) {
  const pairs = Object.entries<string>(words) as [Ours, string][];
  const known = new Map(pairs.flatMap(([ours, theirs]) => [[theirs, ours] as const, [ours.toLowerCase(), ours] as const]));
  return z.string().transform((word, context): Ours => {
    const ours = known.get(word);
    if (ours !== undefined) return ours;
    context.issues.push({ code: 'custom', message: 'is a word we do not know', input: word });
    return z.NEVER;
  });
}
