import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.ts'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => existsSync(resolve(root, file)));

type Import = { readonly from: string; readonly to: string };

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(resolve(root, from), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([#.][^']*)'/g)].map(([, to = '']) => ({
    from,
    to: to.startsWith('#') ? to.slice(1) : resolve('/', dirname(from), to).slice(1),
  }));
});

const between = (from: RegExp, to: RegExp): readonly string[] =>
  imports.filter((found) => from.test(found.from) && to.test(found.to)).map((found) => `${found.from} → ${found.to}`);

test('the walk sees the house', () => {
  expect(imports.length).toBeGreaterThan(100);
});

test('gateway/ and subgraphs/ meet only in gateway/main.ts', () => {
  expect(between(/^gateway\/(?!main\.ts)/, /^(subgraphs|test)\//)).toEqual([]);
  expect(between(/^subgraphs\//, /^(gateway|ops|schema|test)\//)).toEqual([]);
});

test('kit/ imports no room', () => {
  expect(between(/^kit\//, /^(?!kit\/)/)).toEqual([]);
});

test('a subgraph imports the kit and its own folder', () => {
  const foreign = imports.filter(({ from, to }) => {
    const own = /^subgraphs\/([\w-]+)\//.exec(from)?.[1];
    return own !== undefined && to.startsWith('subgraphs/') && !to.startsWith(`subgraphs/${own}/`);
  });
  expect(foreign).toEqual([]);
});

test('a stage of the gateway imports the request words and its own folder, never another stage', () => {
  const foreign = imports.filter(({ from, to }) => {
    const own = /^gateway\/([\w-]+)\//.exec(from)?.[1];
    return own !== undefined && to.startsWith('gateway/') && to !== 'gateway/request.ts' && !to.startsWith(`gateway/${own}/`);
  });
  expect(foreign).toEqual([]);
});

test('nothing imports test/ but tests', () => {
  expect(between(/^(?!test\/)/, /^test\//)).toEqual([]);
});
