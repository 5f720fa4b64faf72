import { expect, test } from 'vitest';
import { variableNames } from '#gateway/config.ts';
import { describeWith, documents, files, helm, kustomize, overlays, parts, read, rollouts } from '#test/harness/deployment.ts';

/*
 * Every port, path, metric and variable that a manifest names is known to the code. What design has named and no code knows yet
 * stands here; an entry that the code has come to know must go.
 */
const toCome: Readonly<Record<'variables' | 'metrics' | 'paths', readonly string[]>> = {
  variables: [],
  metrics: [],
  paths: [],
};

/** Variables of Node, of the image's base, of the Lambda adapter and of the command line's own. */
const notOurs = /^(NODE_ENV|HOME|AWS_LWA_\w+|MEMBERS|VERSION|REVISION|CREATED)$/;

const code = files(/^(gateway|kit|ops|subgraphs)\/(?!deploy\/|sandbox\/).*\.ts$/)
  .map(read)
  .join('\n');

/** Lines `NAME=value`. */
const assigned = (text: string): readonly string[] => [...text.matchAll(/^([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);

describeWith('kustomize', 'helm')('names in manifests', () => {
  const rendered = [
    ...['base', ...overlays, ...rollouts].flatMap(kustomize),
    ...helm(),
    ...helm('-f', 'ops/deploy/helm/values-production.yaml'),
  ];

  const variables = new Set(
    [
      ...rendered.flatMap(parts).flatMap(({ env }) => (Array.isArray(env) ? env.map(({ name }: { name: string }) => name) : [])),
      ...rendered.flatMap(parts).flatMap((part) => assigned(String(part['gateway.env'] ?? ''))),
      ...files(/^ops\/deploy\/.*\.env$/).flatMap((file) => assigned(read(file))),
      ...['docker-compose.yml', 'docker-compose.production.yml'].flatMap((file) => {
        const { services } = documents(read(file))[0] as unknown as { services: Record<string, { environment?: object }> };
        return ['gateway', 'migrate'].flatMap((name) => Object.keys(services[name]?.environment ?? {}));
      }),
      ...[...read('ops/deploy/systemd/lab-gateway.service').matchAll(/^Environment=(\w+)=/gm)].map(([, name = '']) => name),
      ...files(/(^|\/)Dockerfile$/).flatMap((file) =>
        [...read(file).matchAll(/^(?:ENV| {2})\s*([A-Z_0-9]+)=/gm)].map(([, name = '']) => name),
      ),
      ...[
        ...(/Variables:([\s\S]*?)\n {6}Events/.exec(read('ops/deploy/lambda/template.yaml'))?.[1] ?? '').matchAll(
          /^ {10}(\w+):/gm,
        ),
      ].map(([, name = '']) => name),
    ].filter((name) => !notOurs.test(name)),
  );

  test('variables', () => {
    expect(variables.size).toBeGreaterThan(30);
    // Of the command that makes archives, which the gateway does not read.
    const ofArchives = [...variables].filter((name) => /^(BACKUP|AWS)_/.test(name) && code.includes(name));
    const known = new Set([...variableNames, ...ofArchives, ...toCome.variables]);
    expect([...variables].filter((name) => !known.has(name) && !known.has(name.replace(/_FILE$/, '')))).toEqual([]);
  });

  const metrics = new Set(
    files(/^ops\/deploy\/(monitoring|kubernetes)\/.*\.ya?ml$/)
      .flatMap((file) => [...read(file).matchAll(/\b(?:api_gateway|gateway|circuit_breaker|rocketgraph|http)_[a-z_]+(?=[{[])/g)])
      .map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
  );

  test('metrics', () => {
    expect(metrics.size).toBeGreaterThan(2);
    expect([...metrics].filter((name) => !code.includes(`'${name}'`) && !toCome.metrics.includes(name))).toEqual([]);
  });

  const paths = new Set([
    ...rendered.flatMap(parts).flatMap(({ httpGet }) => (httpGet ? [(httpGet as { path: string }).path] : [])),
    ...rendered.flatMap(parts).flatMap((part) => (part['prometheus.io/path'] ? [String(part['prometheus.io/path'])] : [])),
    ...[...read('ops/deploy/nginx/nginx.conf').matchAll(/location = (\S+)/g)].map(([, path = '']) => path),
    ...(/acl public path (.*)/.exec(read('ops/deploy/haproxy/haproxy.cfg'))?.[1]?.split(' ') ?? []),
    ...files(/^(ops\/deploy|Dockerfile|docker-compose)/).flatMap((file) =>
      [...read(file).matchAll(/health-check\.ts'?,? '?(\/\w+)|READINESS_CHECK_PATH=(\S+)/g)].map(
        ([, first, second]) => first ?? second ?? '',
      ),
    ),
  ]);

  test('paths', () => {
    expect([...paths].sort()).toEqual(['/graphql', '/graphql/cost', '/health', '/live', '/metrics', '/ready']);
    const served = [...code.matchAll(/'(\/[a-z/]+)'/g)].map(([, path]) => path);
    const known = (path: string): boolean => served.includes(path) || toCome.paths.includes(path) || path === '/graphql/cost';
    expect([...paths].filter((path) => !known(path))).toEqual([]);
    expect(code).toContain('/cost`');
  });

  test('ports', () => {
    expect(code).toMatch(/GATEWAY_PORT: .*default\(8_?000\)/);
    const ports = rendered.flatMap(parts).flatMap(({ containerPort }) => (containerPort === undefined ? [] : [containerPort]));
    expect(new Set(ports)).toEqual(new Set([8_000, 9_090]));
    for (const file of ['ops/deploy/nginx/upstream.conf', 'ops/deploy/haproxy/haproxy.cfg', 'ops/deploy/lambda/Dockerfile'])
      expect(read(file), file).toMatch(/gateway:8000|AWS_LWA_PORT=8000/);
  });

  test('nothing is to come that is there already, and nothing that no manifest names', () => {
    const named = {
      variables: [...variables].map((name) => name.replace(/_FILE$/, '')),
      metrics: [...metrics],
      paths: [...paths],
    };
    expect(toCome.variables.filter((name) => variableNames.includes(name) || !named.variables.includes(name))).toEqual([]);
    expect(toCome.metrics.filter((name) => code.includes(`'${name}'`) || !named.metrics.includes(name))).toEqual([]);
    expect(toCome.paths.filter((path) => !named.paths.includes(path))).toEqual([]);
  });
});
