import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import pLimit from 'p-limit';
import { expect, inject, test } from 'vitest';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { chance, pick } from '#test/harness/random.ts';
import { randomQuery } from '#test/harness/random-query.ts';
import type { Asker } from './cached-laboratories.ts';
import { askers, laboratoryAsker, startLaboratories } from './cached-laboratories.ts';
import type { Suspect } from './canaries.ts';
import { foreignWords, suspects, valueFor } from './canaries.ts';

/*
 * Fifty organizations, with several keys and people each, and the laboratory ask two gateways with caches the same texts with
 * the same values: what is kept for one must not reach another. CACHE_CANARY_QUERIES says how many questions there are (900;
 * 50,000 take about ten minutes), CANARY_SEED which ones (1).
 */
const queries = Number(process.env['CACHE_CANARY_QUERIES'] ?? 900);
const seed = Number(process.env['CANARY_SEED'] ?? 1);
const askersPerText = 20;

const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
const redisUrl = inject('redisUrl');

test.skipIf(redisUrl === undefined)(
  'C1 E17 no answer out of a cache holds a word of another organization',
  async () => {
    await using laboratories = await startLaboratories(`${redisUrl}/8`);
    const [one, other] = laboratories.cached;
    const random = seededRandom(seed);
    const told = { asked: 0, answered: 0, withOwn: 0 };
    const leaks: object[] = [];
    const judge = (answer: { readonly text: string }, suspect: Suspect | undefined, question: object): void => {
      told.asked++;
      if (!answer.text.startsWith('{"data":null') && answer.text.includes('"data"')) told.answered++;
      if (suspect === undefined) return;
      if (answer.text.includes(suspect.mark)) told.withOwn++;
      const [saw] = foreignWords(answer.text, suspect);
      if (saw !== undefined) leaks.push({ ...question, saw });
    };
    const limit = pLimit(8);
    const askAll = async (text: string, variables: Record<string, unknown>, asker: Asker): Promise<void> => {
      // Fetched, kept by the other one in Redis, and near.
      for (const where of [one, other, other]) {
        const answer = await laboratories.ask(where, { text, variables, asker });
        judge(answer, asker.suspect, { asker: asker.name, text, variables });
      }
    };
    while (told.asked < queries) {
      const { text, slots } = randomQuery({ schema, random, depth: 3 });
      const valuesOf = (suspect: Suspect): Record<string, unknown> =>
        Object.fromEntries(slots.map(({ name, coordinate }) => [name, valueFor(coordinate, suspect, random)]));
      // A few organizations for each text, so that they meet in what they ask for.
      const few = Array.from({ length: 4 }, () => pick(random, suspects));
      const common = valuesOf(pick(random, few));
      const theirs = askers.filter(({ suspect }) => suspect !== undefined && few.includes(suspect));
      const chosen = [laboratoryAsker, ...Array.from({ length: askersPerText - 1 }, () => pick(random, theirs))];
      await Promise.all(
        chosen.map((asker) => {
          const variables = asker.suspect === undefined || chance(random, 60) ? common : valuesOf(asker.suspect);
          return limit(() => askAll(text, variables, asker));
        }),
      );
    }
    process.stdout.write(
      `cache borders: ${JSON.stringify({ ...told, leaks: leaks.length, lookups: Object.fromEntries(laboratories.statuses) })}\n`,
    );
    expect(leaks.slice(0, 3)).toEqual([]);
    expect(told.answered).toBeGreaterThan(told.asked * 0.6);
    expect(told.withOwn).toBeGreaterThan(told.asked * 0.02);
    expect(laboratories.statuses.get('hit') ?? 0).toBeGreaterThan(told.asked * 0.3);
  },
  3_600_000,
);
