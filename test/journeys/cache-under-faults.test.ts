import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { buildSchema } from 'graphql';
import { expect, inject, test } from 'vitest';
import { isCode } from '#kit/errors.ts';
import type { FaultInput } from '#ops/sandbox/faults/fault.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { pick } from '#test/harness/random.ts';
import { randomQuery } from '#test/harness/random-query.ts';
import type { Asker } from './cached-laboratories.ts';
import { askers, laboratoryAsker, startLaboratories } from './cached-laboratories.ts';
import { suspects, valueFor } from './canaries.ts';

/*
 * While services fail, are slow and lie, an answer out of a cache differs from the right one only where it is null and an error
 * says why; once they are well, it is the right one again, so nothing of it was kept. CACHE_FAULT_QUERIES says how many
 * questions there are (60; 1,000 take about four minutes), CANARY_SEED which ones (1).
 */
const queries = Number(process.env['CACHE_FAULT_QUERIES'] ?? 60);
const seed = Number(process.env['CANARY_SEED'] ?? 1);

const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
const redisUrl = inject('redisUrl');

const services = ['samples', 'storage', 'templates', 'sequencing', 'auth', 'rag'] as const;

const kinds: readonly FaultInput[] = [
  { kind: 'status', status: 503 },
  { kind: 'reset' },
  { kind: 'cut' },
  { kind: 'malformed' },
  { kind: 'empty' },
  { kind: 'wrongTypes' },
  { kind: 'null' },
  { kind: 'list' },
  { kind: 'secret' },
  { kind: 'latency', latencyMs: 40, jitterMs: 40 },
];

type Path = readonly (string | number)[];

type Told = { readonly data: unknown; readonly errors: readonly { readonly path: Path; readonly code: unknown }[] };

const told = ({ body: { data, errors = [] } }: Awaited<ReturnType<Asking>>): Told => ({
  data,
  errors: errors.map(({ path = [], extensions: { code } }) => ({ path, code })),
});

type Asking = Awaited<ReturnType<typeof startLaboratories>>['ask'];

/** Places where an answer is another one than the right one without an error that says so. */
function unexcused(
  right: unknown,
  found: unknown,
  { errors, at = [] }: Pick<Told, 'errors'> & { readonly at?: Path },
): readonly string[] {
  if (isDeepStrictEqual(right, found)) return [];
  if (found === null) return errors.some(({ path }) => isAlong(path, at)) ? [] : [at.join('.')];
  if (typeof right !== 'object' || typeof found !== 'object' || right === null) return [at.join('.')];
  const [names, others] = [Object.keys(right), Object.keys(found as object)];
  if (!isDeepStrictEqual(names, others)) return [at.join('.')];
  const isList = Array.isArray(right);
  return names.flatMap((name) =>
    unexcused((right as Record<string, unknown>)[name], (found as Record<string, unknown>)[name], {
      errors,
      at: [...at, isList ? Number(name) : name],
    }),
  );
}

/** A null stands where its error happened or above it. */
const isAlong = (path: Path, at: Path): boolean => at.every((step, index) => path[index] === step);

type Asked = { readonly during: readonly Told[]; readonly after: readonly Told[]; readonly right: Told };

type Counts = { withErrors: number; rightAllTheSame: number };

/** What is wrong with the answers to one question. */
function judge({ during, after, right }: Asked, counts: Counts): readonly object[] {
  const lost = during.filter(({ errors }) => errors.length > right.errors.length);
  counts.withErrors += lost.length;
  counts.rightAllTheSame += during.filter((found) => isDeepStrictEqual(found, right)).length;
  const meanwhile = during.map((found) => ({
    places: unexcused(right.data, found.data, found),
    unknown: found.errors.filter(({ code }) => !isCode(code) || code === 'INTERNAL_SERVER_ERROR'),
  }));
  return [
    ...meanwhile.filter(({ places, unknown }) => places.length + unknown.length > 0),
    ...after.filter(({ data }) => !isDeepStrictEqual(data, right.data)).map((found) => ({ when: 'after', found, right })),
  ];
}

test.skipIf(redisUrl === undefined)(
  'CA-20 E1 under faults a cached answer is right or says where it is not, and nothing wrong is kept',
  async () => {
    await using laboratories = await startLaboratories(`${redisUrl}/8`, { circuitBreaker: false, timeoutMs: 1_500 });
    const { plain, ask, cached } = laboratories;
    const [{ faults }, other] = cached;
    const random = seededRandom(seed);
    const wrong: object[] = [];
    const counts = { asked: 0, changing: 0, withErrors: 0, rightAllTheSame: 0 };
    const strike = (): readonly string[] => {
      const struck = services.filter(() => random() < 0.5);
      for (const [index, service] of struck.entries())
        faults(service, { ...pick(random, kinds), rate: 0.6, seed: counts.asked * 10 + index + 1 });
      return struck;
    };
    const heal = (): void => {
      for (const service of services) faults(service, []);
    };
    const questionOf = (asker: Asker) => {
      const { text, slots } = randomQuery({ schema, random, depth: 3 });
      const owner = asker.suspect ?? pick(random, suspects);
      const variables = Object.fromEntries(slots.map(({ name, coordinate }) => [name, valueFor(coordinate, owner, random)]));
      return { text, variables, asker };
    };
    while (counts.asked < queries) {
      const question = questionOf(counts.asked % 2 === 0 ? laboratoryAsker : pick(random, askers));
      if (/processingTimeSeconds|executionTimeMs/.test(question.text)) continue;
      counts.asked += 1;
      const right = told(await ask(plain, question));
      // A third is kept before it goes wrong.
      if (counts.asked % 3 === 0) await ask(other, question);
      const struck = strike();
      const during: Told[] = [];
      for (const where of [cached[0], other, other]) during.push(told(await ask(where, question)));
      heal();
      const after: Told[] = [];
      for (const where of [cached[0], other]) after.push(told(await ask(where, question)));
      // Some change by being asked: a walk through the graph is a new job in the list of jobs.
      if (!isDeepStrictEqual(told(await ask(plain, question)).data, right.data)) {
        counts.changing += 1;
        continue;
      }
      wrong.push(
        ...judge({ during, after, right }, counts).map((found) => ({
          ...question,
          asker: question.asker.name,
          struck,
          ...found,
        })),
      );
    }
    process.stdout.write(`cache under faults: ${JSON.stringify({ ...counts, wrong: wrong.length })}\n`);
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(counts.withErrors).toBeGreaterThan(queries * 0.2);
    expect(counts.rightAllTheSame).toBeGreaterThan(queries * 0.2);
  },
  3_600_000,
);
