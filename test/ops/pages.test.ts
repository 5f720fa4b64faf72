import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

/** First cells of the tables of a page, without their heads. */
const rowsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, cell = '']) => cell).filter((cell) => !/^-+$/.test(cell));

test('DR-13 how to recover is written down, and the README leads there', () => {
  expect(read('README.md')).toContain('(ops/runbooks/backup-and-recovery.md)');
  const commands = [...read('ops/runbooks/backup-and-recovery.md').matchAll(/npm run cli -- backup (\w+)/g)].map(
    ([, word]) => word,
  );
  expect(commands).toEqual(expect.arrayContaining(['create', 'verify', 'restore']));
});

test('AD-18 AD-19 who is told has levels, and what is done regularly has its times', () => {
  const rows = rowsOf(read('ops/runbooks/escalation.md'));
  expect(rows.slice(0, 5)).toEqual(['level', '1', '2', '3', '4']);
  expect(rows.slice(5)).toEqual(['how often', 'daily', 'weekly', 'monthly', 'quarterly']);
});

test('SC-23 when to add capacity has figures and an owner', () => {
  const page = read('ops/deploy/SIZING.md');
  const [, growing = ''] = page.split('## When to grow');
  expect(rowsOf(growing)).toEqual(expect.arrayContaining(['CPU', 'memory', '95th percentile']));
  expect(growing).toMatch(/Owner of the plan: \S/);
});
