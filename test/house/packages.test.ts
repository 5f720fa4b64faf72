import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

type Lock = { readonly packages: Readonly<Record<string, { readonly version?: string }>> };
type Manifest = {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
};

const read = <Content>(file: string): Content => JSON.parse(readFileSync(resolve(import.meta.dirname, '..', '..', file), 'utf8'));
const lock = read<Lock>('package-lock.json');
const manifest = read<Manifest>('package.json');

const copies = (name: string): readonly string[] =>
  Object.keys(lock.packages).filter((path) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`));

test.each(['graphql', '@apollo/federation-internals', '@apollo/query-graphs', '@apollo/query-planner', 'graphql-middleware'])(
  'there is one copy of %s, because two break planning or instance checks',
  (name) => {
    expect(copies(name)).toHaveLength(1);
  },
);

test('every federation package of Apollo has one version', () => {
  const names = [
    '@apollo/composition',
    '@apollo/gateway',
    '@apollo/subgraph',
    '@apollo/federation-internals',
    '@apollo/query-graphs',
    '@apollo/query-planner',
  ];
  expect(new Set(names.map((name) => lock.packages[`node_modules/${name}`]?.version)).size).toBe(1);
});

test('every dependency is pinned to one exact version', () => {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(ranges).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(readFileSync(resolve(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});

test('tests run on the Node of package.json', () => {
  expect(process.versions.node).toBe(manifest.devDependencies['node']);
});
