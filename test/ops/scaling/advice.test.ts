import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sample } from '#ops/scaling/advice.ts';
import { bounds, coolDownsMs, scalingAdvice, triggers } from '#ops/scaling/advice.ts';

const quiet: Sample = { cpuPercent: 10, memoryPercent: 10, requestsPerMinute: 10, p95Ms: 10 };
const between: Sample = { cpuPercent: 50, memoryPercent: 60, requestsPerMinute: 600, p95Ms: 300 };
const longAgoMs = 86_400_000;
const four = (changes: Partial<Sample>, others = between): readonly Sample[] =>
  Array.from({ length: 4 }, () => ({ ...others, ...changes }));
const ways = (figures: readonly Partial<Sample>[], others: Sample) =>
  figures.map((changes) => scalingAdvice(four(changes, others), longAgoMs).direction);

describe.each([
  ['SC-10', 'cpuPercent', 70, 30],
  ['SC-11', 'memoryPercent', 80, 40],
  ['SC-12', 'requestsPerMinute', 1_000, 300],
  ['SC-13', 'p95Ms', 500, 200],
] as const)('%s by %s', (_, figure, up, down) => {
  test(`SC-10 SC-11 SC-12 SC-13 one that reaches ${up} asks for more, whatever the others say`, () => {
    expect(ways([{ [figure]: up - 1 }, { [figure]: up }, { [figure]: 3 * up }], between)).toEqual(['hold', 'up', 'up']);
    expect(ways([{ [figure]: up }], quiet)).toEqual(['up']);
    expect(scalingAdvice(four({ [figure]: up }), longAgoMs).reason).toBe(`${figure} ${up}`);
  });

  test(`SC-10 SC-11 SC-12 SC-13 fewer are enough only while it is at ${down} or below`, () => {
    expect(ways([{ [figure]: down + 1 }, { [figure]: down }, { [figure]: 0 }], quiet)).toEqual(['hold', 'down', 'down']);
  });
});

test('SC-12 what counts is the mean of all: one busy gateway beside idle ones is a matter of balance', () => {
  const busy = { ...between, requestsPerMinute: 2_000 };
  const idle = { ...between, requestsPerMinute: 0 };
  expect(scalingAdvice([busy, idle, idle, idle], longAgoMs).direction).toBe('hold');
  expect(scalingAdvice([busy, busy, idle, idle], longAgoMs).direction).toBe('up');
});

test('SC-14 it doubles and halves, never beyond 3 and 50', () => {
  const next = (replicas: number, sample: Sample) => scalingAdvice(Array(replicas).fill(sample), longAgoMs).replicas;
  const busy = { ...between, cpuPercent: 90 };
  expect([3, 4, 25, 26, 50].map((replicas) => next(replicas, busy))).toEqual([6, 8, 50, 50, 50]);
  expect([3, 4, 7, 50].map((replicas) => next(replicas, quiet))).toEqual([3, 3, 4, 25]);
  expect([1, 2, 51].map((replicas) => next(replicas, between))).toEqual([3, 3, 50]);
});

test('SC-14 after a change it waits 300 s before it grows again and 600 s before it shrinks, but not with the bounds', () => {
  const at = (seconds: number, samples: readonly Sample[]) => scalingAdvice(samples, seconds * 1_000).direction;
  expect([0, 299, 300].map((seconds) => at(seconds, four({ p95Ms: 900 })))).toEqual(['hold', 'hold', 'up']);
  expect([300, 599, 600].map((seconds) => at(seconds, four({}, quiet)))).toEqual(['hold', 'hold', 'down']);
  expect(at(0, [quiet])).toBe('up');
});

test('SC-14 who obeys stays within the bounds, and no two changes are closer than the cool-down', () => {
  const load = fc.constantFrom(quiet, between, { ...between, cpuPercent: 95 });
  const rounds = fc.array(fc.tuple(load, fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: bounds.least, max: bounds.most }), rounds, (start, minutes) => {
      let [replicas, sinceMs] = [start, Number.POSITIVE_INFINITY];
      for (const [sample, seconds] of minutes) {
        sinceMs += seconds * 1_000;
        const advice = scalingAdvice(Array(replicas).fill(sample), sinceMs);
        expect(advice.replicas).toBeGreaterThanOrEqual(bounds.least);
        expect(advice.replicas).toBeLessThanOrEqual(bounds.most);
        if (advice.direction === 'hold') continue;
        expect(sinceMs).toBeGreaterThanOrEqual(coolDownsMs[advice.direction]);
        [replicas, sinceMs] = [advice.replicas, 0];
      }
    }),
  );
});

test('SC-10 SC-11 SC-12 SC-13 the table for people names the same figures', () => {
  const table = readFileSync('ops/deploy/SIZING.md', 'utf8').split('## When to grow')[1]?.split('\n\n')[1] ?? '';
  const rows = table.split('\n').slice(2);
  const figures = rows.map((row) =>
    row
      .split('|')
      .slice(2, 4)
      .map((cell) => Number(/[\d,]+/.exec(cell)?.[0].replace(',', ''))),
  );
  expect(figures).toEqual(Object.values(triggers).map(({ up, down }) => [up, down]));
});
