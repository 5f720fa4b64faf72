import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { describe, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { onPath } from './find-store.ts';

export const root = resolve(import.meta.dirname, '..', '..');

/** A Kubernetes object, or whatever else a YAML document of a deployment holds. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [part: string]: unknown;
};

export const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

/** Files of the repository whose paths match. */
export function files(pattern: RegExp): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  return listed.split('\n').filter((file) => pattern.test(file));
}

/** Every document of a YAML text. @throws Error at the first mistake */
export function documents(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}

/** Every object and array below a value, and itself. */
export function parts(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(parts)];
}

/** Where `.ci/run` puts the programs that it builds. */
const tools = resolve(root, '.data', 'tools');
const path = [tools, process.env['PATH'] ?? ''].join(delimiter);

/** True where a program that a check needs is missing; in CI it must be there, and its absence is told by the check. */
export const lacks = (...programs: readonly string[]): boolean =>
  process.env['CI'] !== 'true' &&
  programs.some((program) => onPath(program) === undefined && onPath(program, tools) === undefined);

/** A block of tests that need programs; where one is missing nothing of the block is run, also not what it makes for its tests. */
export const describeWith = (...programs: readonly string[]): ((name: string, block: () => void) => void) =>
  lacks(...programs) ? (name) => describe.skip(name, () => test(`needs ${programs.join(', ')}`)) : describe;

/** What a program prints. @throws Error with what it says about its failure */
export function run(
  program: string,
  args: readonly string[],
  { env = {}, cwd = root, input }: { env?: Readonly<Record<string, string>>; cwd?: string; input?: string } = {},
): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { HOME: process.env['HOME'], ...env, PATH: env['PATH'] ?? path },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
    maxBuffer: 16 * 1024 * 1024,
  });
}

/** What kustomize makes of a folder below ops/deploy/kubernetes. */
export const kustomize = (folder: string): readonly Manifest[] =>
  documents(run('kustomize', ['build', `ops/deploy/kubernetes/${folder}`]));

/** What Helm makes of the chart. The oldest version of Kubernetes that the chart is for is assumed. */
export const helm = (...args: readonly string[]): readonly Manifest[] =>
  documents(
    run('helm', ['template', 'lab-gateway', 'ops/deploy/helm', '-n', 'lab-gateway', '--kube-version', '1.30.0', ...args]),
  ).filter((document) => document !== null);

/** The one object of a kind and a name. @throws Error where there is none */
export function one(manifests: readonly Manifest[], kind: string, name = 'lab-gateway'): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) throw new Error(`There are ${found.length} ${kind} named ${name}.`);
  return manifest;
}

export const overlays = [
  'overlays/development',
  'overlays/staging',
  'overlays/production',
  'overlays/production-with-backups',
  'overlays/multi-zone',
] as const;
export const rollouts = ['rollouts/blue-green', 'rollouts/canary'] as const;
export const stores = ['storage', 'storage/redis-cluster', 'monitoring'] as const;
