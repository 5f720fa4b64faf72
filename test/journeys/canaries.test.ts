import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import pLimit from 'p-limit';
import { beforeAll, expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { memoryLog } from '#test/harness/memory-log.ts';
import { pick } from '#test/harness/random.ts';
import { randomQuery } from '#test/harness/random-query.ts';
import type { Suspect } from './canaries.ts';
import { foreignWords, ownerOf, suspects, valueFor } from './canaries.ts';

/*
 * Fifty organizations ask for whatever there is, mixed and eight at a time. CANARY_QUERIES says how many questions there are (1,000, about
 * 15 s), CANARY_SEED which ones (1).
 */
const queries = Number(process.env['CANARY_QUERIES'] ?? 1_000);
const seed = Number(process.env['CANARY_SEED'] ?? 1);
/** Callers of each text: what is kept for a text must not be kept for whoever asked it first. */
const callersPerText = 5;

const { logger, lines } = memoryLog();
const outcomes = { answered: 0, withOwn: 0, withForeign: 0 };
/** By root field, what was seen there first. */
const leaks = new Map<string, object>();

type Question = { readonly text: string; readonly variables: Record<string, unknown>; readonly suspect: Suspect };

function judge(answer: { readonly text: string; readonly body: object }, { text, variables, suspect }: Question): void {
  if (answer.text.includes(suspect.mark)) outcomes.withOwn++;
  const [word] = foreignWords(answer.text, suspect);
  if (word === undefined) return;
  outcomes.withForeign++;
  const { data, errors } = answer.body as { data?: object | null; errors?: unknown };
  for (const [name, value] of Object.entries({ ...data, errors })) {
    const found = foreignWords(JSON.stringify(value) ?? '', suspect);
    const field = name.replace(/_\d+$/, '');
    if (found.length > 0 && !leaks.has(field)) leaks.set(field, { caller: suspect.id, saw: found[0], text, variables });
  }
}

beforeAll(async () => {
  const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'));
  const random = seededRandom(seed);
  const callers = new Map(suspects.map(({ id, caller }) => [id, caller]));
  await using laboratory = await startLaboratory({
    ownerOf,
    logger,
    identify: async ({ headers }) => callers.get(String(headers['x-caller'])) ?? stranger,
  });
  const ask = async (question: Question): Promise<void> => {
    const { text, variables, suspect } = question;
    const headers = { 'x-caller': suspect.id, cookie: `session=${suspect.mark}` };
    const answer = await laboratory.gateway.query(text, variables, headers);
    if (answer.status === 200 && answer.body.data != null) outcomes.answered++;
    judge(answer, question);
  };
  const limit = pLimit(8);
  const asked: Promise<void>[] = [];
  while (asked.length < queries) {
    const { text, slots } = randomQuery({ schema, random, depth: 4 });
    expect(validate(schema, parse(text))).toEqual([]);
    for (let caller = 0; caller < callersPerText; caller++) {
      const suspect = pick(random, suspects);
      const values = slots.map(({ name, coordinate }) => [name, valueFor(coordinate, suspect, random)]);
      asked.push(limit(() => ask({ text, variables: Object.fromEntries(values), suspect })));
    }
  }
  await Promise.all(asked);
  const told = { asked: asked.length, ...outcomes, logLines: lines.length, leakingFields: [...leaks.keys()].sort() };
  process.stdout.write(`canaries: ${JSON.stringify(told)}\n`);
}, 3_600_000);

test('organizations are answered and see what is theirs', () => {
  expect(outcomes.answered).toBeGreaterThan(queries * 0.9);
  expect(outcomes.withOwn).toBeGreaterThan(queries * 0.05);
});

test('C1 C9 no answer holds a word of another organization', () => {
  expect(Object.fromEntries(leaks)).toEqual({});
});

test('C9 G5 no log line holds data of anybody', () => {
  expect(lines.filter((line) => /canary\d\dx/i.test(line))).toEqual([]);
});
