import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Manifest } from '#test/harness/deployment.ts';
import { helm, kustomize, lacks, overlays, rollouts, root, stores } from '#test/harness/deployment.ts';

/*
 * The schemas are those of Kubernetes, the VPA, Argo Rollouts and the Prometheus operator, as the packages kubernetes-models and
 * @kubernetes-models/* carry them. Their validators know types, required fields, enums and formats but let unknown fields pass; so
 * the compiler looks at every object as a literal of the package's type, where an unknown field is an error.
 */

const packages: Readonly<Record<string, string>> = {
  'argoproj.io': '@kubernetes-models/argo-rollouts/',
  'autoscaling.k8s.io': '@kubernetes-models/autoscaler/',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/',
};

const moduleOf = ({ apiVersion }: Manifest): string =>
  `${packages[apiVersion.split('/')[0] ?? ''] ?? 'kubernetes-models/'}${apiVersion}`;

type Model = new (manifest: Manifest) => { validate(): void };

async function problem(manifest: Manifest): Promise<string | undefined> {
  const models = (await import(moduleOf(manifest))) as Readonly<Record<string, Model | undefined>>;
  const Model = models[manifest.kind];
  if (Model === undefined) return `${manifest.apiVersion} ${manifest.kind} is unknown`;
  try {
    new Model(manifest).validate();
    return undefined;
  } catch (error) {
    return `${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`;
  }
}

/** What the compiler finds wrong with objects as literals of their types. */
function unknownFields(manifests: readonly Manifest[]): string {
  mkdirSync(join(root, '.data'), { recursive: true });
  const folder = mkdtempSync(join(root, '.data', 'manifests-'));
  try {
    const file = join(folder, 'manifests.ts');
    const lines = manifests.map(
      (manifest, index) =>
        `import type { I${manifest.kind} as T${index} } from '${moduleOf(manifest)}';\nexport const m${index}: T${index} = ${JSON.stringify(manifest)};`,
    );
    writeFileSync(file, lines.join('\n'));
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2025',
      '--types',
      'node',
    ];
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), [...options, file], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout: string }).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const rendered: readonly (readonly [string, () => readonly Manifest[]])[] = [
  ...['base', ...overlays, ...rollouts, ...stores].map((folder) => [folder, () => kustomize(folder)] as const),
  ['the chart', () => helm()],
  ['the chart with backups', () => helm('--set', 'backup.enabled=true')],
  ['the chart with the values of production', () => helm('-f', 'ops/deploy/helm/values-production.yaml')],
];

test.skipIf(lacks('kustomize', 'helm')).each(rendered)('every object of %s is what its schema wants', async (_, render) => {
  const manifests = render();
  expect(manifests.length).toBeGreaterThan(0);
  expect((await Promise.all(manifests.map(problem))).filter(Boolean)).toEqual([]);
});

test.skipIf(lacks('kustomize', 'helm'))('no object has a field that its schema does not know', () => {
  expect(unknownFields(rendered.flatMap(([, render]) => render()))).toBe('');
});

test('a field that is misspelt or in a wrong place is found', async () => {
  const rollout = (strategy: object): Manifest => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'x' },
    spec: { strategy },
  });
  expect(unknownFields([rollout({ canary: { steps: [{ setWeight: 20 }] } })])).toBe('');
  expect(unknownFields([rollout({ canary: { analysis: { successfulRunHistoryLimit: 3 } } })])).toContain(
    'successfulRunHistoryLimit',
  );
  expect(await problem(rollout({ canary: { steps: [{ setWeight: 'a fifth' }] } }))).toContain('setWeight');
});
