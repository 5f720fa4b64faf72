import { expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';
import { readFeatures, readScoreboard, scoreboard } from './scoreboard.ts';

const features = readFeatures('XX-01\tT\tone\nXX-02\tD\ttwo\nXX-03\tM\tthree');

test('a test’s name checks any row, a document only rows of its kind, a comment none', () => {
  const sources = [
    { file: 'a.test.ts', text: "test('XX-01 XX-02 holds', …);\n// 'XX-03' is to come" },
    { file: 'b.md', text: '| XX-02 | here |\n| XX-03 | there |' },
    { file: 'c.ts', text: "'XX-03'" },
  ];
  expect(scoreboard(features, sources).map(({ checkedIn }) => checkedIn)).toEqual([
    ['a.test.ts:1'],
    ['a.test.ts:1', 'b.md:1'],
    [],
  ]);
});

test('a line that is no row is refused', () => {
  expect(() => readFeatures('XX-01\tQ\tone')).toThrow('XX-01');
});

test('every feature stands there once, and tests name no feature that does not', () => {
  const rows = readScoreboard();
  expect(rows).toHaveLength(334);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(334);
  expect(rows.find(({ id }) => id === 'SE-30')?.checkedIn[0]).toMatch(/^test\/house\/secrets\.test\.ts:/);
});

test('what is printed counts what is not checked, and is an error only when that is asked for', async () => {
  const printed = await runProgram('test/scoreboard/main.ts', []).ended;
  expect(printed).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+ of 334 are checked, \d+ are not\./) });
  const { unchecked } = JSON.parse((await runProgram('test/scoreboard/main.ts', ['--json']).ended).stdout) as {
    unchecked: string[];
  };
  expect((await runProgram('test/scoreboard/main.ts', ['--strict']).ended).code).toBe(unchecked.length > 0 ? 1 : 0);
});
