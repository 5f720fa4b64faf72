import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { pick } from '#test/harness/random.ts';
import type { Answer, Replica, Replicas } from './cached-replicas.ts';
import { startReplicas } from './cached-replicas.ts';
import type { Deed, Ids } from './deeds.ts';
import { deeds, firstIds, probes } from './deeds.ts';

/*
 * Whoever reads after a write sees it, wherever he reads. FRESHNESS_READS says how many answers are judged (600; 10,000 take
 * about five minutes): after every kind of change, those of both replicas against one that keeps nothing.
 */
const wanted = Number(process.env['FRESHNESS_READS'] ?? 600);

const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === undefined)('two gateway processes with a cache in one Redis', () => {
  let replicas: Replicas;

  beforeAll(async () => {
    replicas = await startReplicas(`${redisUrl}/7`);
  });

  afterAll(async () => {
    await replicas?.[Symbol.asyncDispose]();
  });

  test('what was written by one is read by both at once, also while slow readers bring what was before', async () => {
    const { cached, plain } = replicas;
    const random = seededRandom(1);
    const ids = firstIds();
    const told = { judged: 0, stale: 0, changed: 0, refused: 0 };
    const stale: object[] = [];
    for (const service of ['samples', 'storage', 'templates', 'sequencing'] as const)
      replicas.faults(service, { kind: 'latency', rate: 0.3, latencyMs: 15, jitterMs: 15, match: { method: 'GET' } });
    let before: readonly string[] = [];
    for (let round = 0; told.judged < wanted; round++) {
      const deed = pickDeed(round);
      const queries = probes.map((probe) => probe(ids));
      const askAll = ({ ask }: Replica) => Promise.all(queries.map((query) => ask(query)));
      const slow = cached.map(askAll);
      // Some have read and not yet stored, some are still reading, some are done.
      await [() => Promise.all(slow), () => Promise.race(slow), async () => undefined][round % 3]?.();
      const mutation = `mutation { ${deed.text(ids, round)} }`;
      const writer = pick(random, [0, 1] as const);
      const { data, errors } = await cached[writer].ask(mutation);
      const [truth, ...atOnce] = await Promise.all([plain, ...cached].map(askAll));
      await Promise.all(slow);
      const later = await Promise.all(cached.map(askAll));
      for (const [when, reads] of Object.entries({ atOnce, later })) {
        told.judged += reads.flat().length;
        stale.push(
          ...reads.flatMap((answers, reader) => differing(answers, truth ?? [], { mutation, writer, reader, when, queries })),
        );
      }
      const now = (truth ?? []).map(({ text }) => text);
      if (now.some((text, index) => text !== before[index])) told.changed++;
      before = now;
      if (errors !== undefined) told.refused++;
      remember(ids, deed.gives, data);
    }
    told.stale = stale.length;
    process.stdout.write(`freshness: ${JSON.stringify(told)}\n`);
    expect(stale.slice(0, 3)).toEqual([]);
    // A test in which nothing changes shows nothing.
    expect(told.refused).toBe(0);
    expect(told.changed).toBeGreaterThan((told.judged / 32) * 0.5);
  }, 3_600_000);

  test('E5: 500 who miss the same at once are one call of a process, and at most two of both', async () => {
    const { cached, calls } = replicas;
    for (const [count, gateways] of [
      [1, [cached[0], cached[0]]],
      [2, cached],
    ] as const) {
      const id = `5a000000-0000-4000-8000-0000000001${count}7`;
      replicas.faults('samples', { kind: 'latency', latencyMs: 200 });
      calls.length = 0;
      const query = `{ sample(id: "${id}") { name status } }`;
      const answers = await Promise.all(Array.from({ length: 500 }, (_, at) => gateways[at % 2 === 0 ? 0 : 1].ask(query)));
      replicas.faults('samples', []);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers[0]?.data).toMatchObject({ sample: { name: expect.any(String) } });
      const made = calls.filter(({ path }) => path.includes(id)).length;
      process.stdout.write(`500 misses at once: ${made} call(s)\n`);
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThanOrEqual(count);
    }
  });
});

/** What was read of which change. */
type Seen = {
  readonly mutation: string;
  readonly writer: number;
  readonly reader: number;
  readonly when: string;
  readonly queries: readonly string[];
};

const differing = (answers: readonly Answer[], truth: readonly Answer[], { queries, ...seen }: Seen): readonly object[] =>
  answers.flatMap(({ text }, index) =>
    text === truth[index]?.text ? [] : [{ ...seen, query: queries[index], was: text, is: truth[index]?.text }],
  );

const pickDeed = (round: number): Deed => deeds[round % deeds.length] as Deed;

function remember(ids: Ids, gives: keyof Ids | undefined, data: Readonly<Record<string, unknown>> | null | undefined): void {
  const it = data?.['it'];
  if (gives !== undefined && typeof it === 'object' && it !== null && 'id' in it) ids[gives] = String(it.id);
}
