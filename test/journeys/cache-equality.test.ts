import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { buildSchema } from 'graphql';
import { expect, inject, test } from 'vitest';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { pick } from '#test/harness/random.ts';
import type { RandomQuery } from '#test/harness/random-query.ts';
import { randomQuery } from '#test/harness/random-query.ts';
import { askers, laboratoryAsker, startLaboratories } from './cached-laboratories.ts';
import { suspects, valueFor } from './canaries.ts';

/*
 * An answer is the same with a cache as without, byte by byte but for its extensions: fetched, out of Redis, and near.
 * CACHE_EQUALITY_QUERIES says how many questions are compared (150; 2,000 take about two minutes), CANARY_SEED which ones (1).
 */
const queries = Number(process.env['CACHE_EQUALITY_QUERIES'] ?? 150);
const seed = Number(process.env['CANARY_SEED'] ?? 1);

const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
const redisUrl = inject('redisUrl');

/** A question that is not about how long its own answer took. */
function untimed(make: () => RandomQuery): RandomQuery {
  for (;;) {
    const made = make();
    if (!/processingTimeSeconds|executionTimeMs/.test(made.text)) return made;
  }
}

/** What an answer says, with its keys as they came; errors without the request's id and in no order: subgraphs fail as they come. */
function told({
  body: { data, errors = [] },
}: {
  readonly body: { readonly data?: unknown; readonly errors?: readonly object[] };
}) {
  const texts = errors.map((error) => JSON.stringify(error).replace(/,?"requestId":"[\w-]+"/, ''));
  return { data: JSON.stringify(data), errors: texts.sort() };
}

test.skipIf(redisUrl === undefined)(
  'CA-20 a cached answer is the uncached one: cold, out of Redis, and near',
  async () => {
    await using laboratories = await startLaboratories(`${redisUrl}/8`);
    const { plain, ask, statuses } = laboratories;
    const [one, other] = laboratories.cached;
    const random = seededRandom(seed);
    const differing: object[] = [];
    let changing = 0;
    for (let asked = 0; asked < queries; asked++) {
      const { text, slots } = untimed(() => randomQuery({ schema, random, depth: 3 }));
      const asker = asked % 4 === 0 ? laboratoryAsker : pick(random, askers);
      const owner = asker.suspect ?? pick(random, suspects);
      const variables = Object.fromEntries(slots.map(({ name, coordinate }) => [name, valueFor(coordinate, owner, random)]));
      const question = { text, variables, asker };
      const right = told(await ask(plain, question));
      const found: object[] = [];
      for (const where of [one, other, other]) found.push(told(await ask(where, question)));
      // Some change by being asked: a walk through the graph is a new job in the list of jobs.
      if (!isDeepStrictEqual(told(await ask(plain, question)), right)) changing++;
      else if (!found.every((each) => isDeepStrictEqual(each, right)))
        differing.push({ text, variables, asker: asker.name, right, found });
    }
    process.stdout.write(
      `cache equality: ${JSON.stringify({ queries, changing, differing: differing.length, lookups: Object.fromEntries(statuses) })}\n`,
    );
    expect(differing.slice(0, 3)).toEqual([]);
    expect(changing).toBeLessThan(queries * 0.1);
    expect(statuses.get('hit') ?? 0).toBeGreaterThan(queries * 0.5);
  },
  3_600_000,
);
