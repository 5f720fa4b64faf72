import { expect, test } from 'vitest';
import type { Manifest } from '#test/harness/deployment.ts';
import { describeWith, helm, kustomize, one, overlays, parts, read, rollouts, stores } from '#test/harness/deployment.ts';

const needs = describeWith('kustomize', 'helm');

/** The container of the gateway in a Deployment. */
const container = (manifests: readonly Manifest[]) =>
  parts(one(manifests, 'Deployment')).find(({ name, image }) => name === 'gateway' && image !== undefined);

const amount = (quantity: unknown): number => {
  const [, number, unit = ''] = /^([\d.]+)(m|Mi|Gi)?$/.exec(String(quantity)) ?? [];
  return Number(number) * ({ m: 0.001, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1);
};

needs('the base', () => {
  const base = kustomize('base');

  test('DE-08 the namespace is labelled, DE-09 and gateway, monitoring and storage have one each', () => {
    const names = [one(base, 'Namespace'), one(kustomize('monitoring'), 'Namespace', 'monitoring')];
    expect(names.map(({ metadata }) => metadata.name)).toEqual(['lab-gateway', 'monitoring']);
    expect(one(kustomize('storage'), 'Namespace', 'lab-storage')).toBeDefined();
    const placed = kustomize('storage').filter(({ kind }) => kind !== 'Namespace');
    expect(new Set(placed.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['lab-storage']));
  });

  test('SE-18 what is not restricted does not start, by Pod Security Admission; there is no PodSecurityPolicy', () => {
    expect(one(base, 'Namespace').metadata).toMatchObject({ labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    expect(base.map(({ kind }) => kind)).not.toContain('PodSecurityPolicy');
  });

  test('DE-13 there are three replicas, DE-17 replaced one after another', () => {
    expect(one(base, 'Deployment')).toMatchObject({
      spec: { replicas: 3, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } } },
    });
  });

  test('HE-16 HE-17 HE-18 the probes wait, repeat and give up as they should; what is ready and what lives are two questions', () => {
    expect(container(base)).toMatchObject({
      livenessProbe: {
        httpGet: { path: '/live', port: 'http' },
        initialDelaySeconds: 30,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 3,
      },
      readinessProbe: {
        httpGet: { path: '/ready', port: 'http' },
        initialDelaySeconds: 5,
        periodSeconds: 5,
        timeoutSeconds: 3,
        failureThreshold: 3,
      },
    });
  });

  test('a pod waits before it stops, and is given time for all of its stopping', () => {
    const { spec } = one(base, 'Deployment') as unknown as {
      spec: { template: { spec: { terminationGracePeriodSeconds: number } } };
    };
    const seconds = (name: string): number =>
      Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(read('ops/deploy/kubernetes/base/config/gateway.env'))?.[1]);
    expect(container(base)).toMatchObject({ lifecycle: { preStop: { sleep: { seconds: 5 } } } });
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
      5 + seconds('SHUTDOWN_DELAY') + seconds('SHUTDOWN_GRACE'),
    );
  });

  test('SE-17 the process may change nothing: no root, no capabilities, no writable program', () => {
    expect(one(base, 'Deployment')).toMatchObject({
      spec: {
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 2000, seccompProfile: { type: 'RuntimeDefault' } },
          },
        },
      },
    });
    expect(container(base)).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    });
  });

  test('AU-13 the gateway has an account of its own and no token of the cluster', () => {
    expect(one(base, 'Deployment')).toMatchObject({
      spec: {
        template: { spec: { serviceAccountName: 'lab-gateway', automountServiceAccountToken: false, enableServiceLinks: false } },
      },
    });
  });

  test('DE-04 the configuration is mounted read-only', () => {
    expect(container(base)).toMatchObject({
      volumeMounts: expect.arrayContaining([{ name: 'config', mountPath: '/app/config', readOnly: true }]),
    });
  });

  test('DE-18 DE-19 DE-20 it is reached at port 80, measured at 9090, and by the address of each pod', () => {
    const labels = { 'app.kubernetes.io/name': 'lab-gateway' };
    expect(one(base, 'Service')).toMatchObject({
      spec: { type: 'ClusterIP', selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
    });
    expect(one(base, 'Service', 'lab-gateway-metrics')).toMatchObject({ spec: { ports: [{ name: 'metrics', port: 9090 }] } });
    expect(one(base, 'Service', 'lab-gateway-headless')).toMatchObject({ spec: { clusterIP: 'None', selector: labels } });
    expect(one(base, 'Deployment')).toMatchObject({ spec: { template: { metadata: { labels } } } });
  });

  test('OB-20 the annotations of a pod name the port and path that are served', () => {
    expect(one(base, 'Deployment')).toMatchObject({
      spec: {
        template: {
          metadata: {
            annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090', 'prometheus.io/path': '/metrics' },
          },
        },
      },
    });
    expect(container(base)).toMatchObject({ ports: [{ containerPort: 8000 }, { name: 'metrics', containerPort: 9090 }] });
  });

  test('DE-21 the world comes over TLS with a certificate, DE-22 to the public prefix alone', () => {
    expect(one(base, 'Ingress')).toMatchObject({
      metadata: {
        annotations: {
          'nginx.ingress.kubernetes.io/force-ssl-redirect': 'true',
          'cert-manager.io/cluster-issuer': 'letsencrypt-prod',
        },
      },
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['api.lab.example'] }],
        rules: [{ http: { paths: [{ path: '/api/v1/public', pathType: 'Prefix' }] } }],
      },
    });
  });

  test('RL-18 one address may send a hundred requests a minute, by an annotation that exists', () => {
    expect(one(base, 'Ingress')).toMatchObject({ metadata: { annotations: { 'nginx.ingress.kubernetes.io/limit-rpm': '100' } } });
    for (const folder of ['base', ...overlays])
      expect(JSON.stringify(kustomize(folder))).not.toMatch(/ingress\.kubernetes\.io\/rate-limit|kubernetes\.io\/ingress\.class/);
  });

  test('DE-23 DE-24 replicas keep apart, on Linux, and not on the control plane', () => {
    expect(one(base, 'Deployment')).toMatchObject({
      spec: {
        template: {
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
                ],
              },
            },
          },
        },
      },
    });
    for (const manifests of [base, helm()]) expect(JSON.stringify(manifests)).not.toMatch(/tolerations|control-plane|node-role/);
  });

  test('SC-02 SC-03 it grows from 3 to 20 by CPU, memory and requests, SC-04 SC-05 fast up and slowly down', () => {
    expect(one(base, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: {
        minReplicas: 3,
        maxReplicas: 20,
        metrics: [
          { resource: { name: 'cpu', target: { averageUtilization: 70 } } },
          { resource: { name: 'memory', target: { averageUtilization: 80 } } },
          { pods: { metric: { name: 'api_gateway_requests_per_second' }, target: { averageValue: '100' } } },
        ],
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 60,
            selectPolicy: 'Max',
            policies: [
              { type: 'Percent', value: 100, periodSeconds: 15 },
              { type: 'Pods', value: 4, periodSeconds: 15 },
            ],
          },
          scaleDown: {
            stabilizationWindowSeconds: 300,
            selectPolicy: 'Min',
            policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
          },
        },
      },
    });
  });

  test('SC-08 the vertical autoscaler recommends within bounds and changes nothing', () => {
    expect(one(base, 'VerticalPodAutoscaler')).toMatchObject({
      spec: {
        updatePolicy: { updateMode: 'Off' },
        resourcePolicy: {
          containerPolicies: [{ minAllowed: { cpu: '100m', memory: '128Mi' }, maxAllowed: { cpu: '2', memory: '4Gi' } }],
        },
      },
    });
  });

  test('SE-19 it is reached by the ingress and by who measures, and reaches names, stores, services, discovery and traces', () => {
    const policy = one(base, 'NetworkPolicy') as unknown as {
      spec: { ingress: readonly { from: unknown; ports: unknown }[]; egress: readonly { ports: readonly { port: number }[] }[] };
    };
    expect(JSON.stringify(policy.spec.ingress.map(({ from }) => from))).toMatch(/ingress-nginx.*monitoring/);
    expect(policy.spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 6379, 26379, 27017, 8080, 8500, 4318,
    ]);
    expect(policy.spec.egress[0]).toMatchObject({
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    });
  });

  test('SE-23 DE-11 every secret comes from a Secret that make-secrets.sh makes or that may be missing, and none is committed', () => {
    const script = read('ops/deploy/kubernetes/make-secrets.sh');
    const made = [...script.matchAll(/^secret \S+ (\S+)((?:.*\\\n)*.*)$/gm)].flatMap(([, name, rest = '']) =>
      [...rest.matchAll(/--from-literal="([\w-]+)=/g)].map(([, key]) => `${name}/${key}`),
    );
    const wanted = [...rendered(), ...helm('--set', 'backup.enabled=true')]
      .flatMap(parts)
      .flatMap(({ secretKeyRef }) =>
        secretKeyRef === undefined ? [] : [secretKeyRef as { name: string; key: string; optional?: boolean }],
      );
    expect(wanted.length).toBeGreaterThan(20);
    expect(wanted.filter(({ name, key, optional }) => !optional && !made.includes(`${name}/${key}`))).toEqual([]);
    expect(rendered().filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  const rendered = (): readonly Manifest[] => ['base', ...overlays, ...rollouts, ...stores].flatMap(kustomize);
});

needs('an overlay', () => {
  test.each([...overlays])('DE-16 %s asks for resources and limits them', (overlay) => {
    const { resources } = container(kustomize(overlay)) as {
      resources: { requests: Record<string, string>; limits: Record<string, string> };
    };
    for (const kind of ['cpu', 'memory'])
      expect(amount(resources.requests[kind])).toBeLessThanOrEqual(amount(resources.limits[kind]));
    expect(amount(resources.requests['cpu'])).toBeGreaterThanOrEqual(0.25);
  });

  test('DE-14 SC-06 production has 5 to 50 replicas, RL-19 and a thousand requests a minute of one address', () => {
    const production = kustomize('overlays/production');
    expect(one(production, 'Deployment')).toMatchObject({ spec: { replicas: 5 } });
    expect(one(production, 'HorizontalPodAutoscaler')).toMatchObject({ spec: { minReplicas: 5, maxReplicas: 50 } });
    expect(one(production, 'Ingress')).toMatchObject({
      metadata: { annotations: { 'nginx.ingress.kubernetes.io/limit-rpm': '1000' } },
    });
    expect(container(production)).toMatchObject({
      resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } },
    });
  });

  test.each([
    ['the overlay', () => kustomize('overlays/production-with-backups')],
    ['the chart', () => helm('--set', 'backup.enabled=true')],
  ] as const)('DR-01 %s makes archives every night and rehearses every week, as BackupOverdue watches', (_, render) => {
    const all = render();
    const jobs = all.filter(({ kind }) => kind === 'CronJob') as unknown as readonly {
      metadata: { name: string };
      spec: {
        schedule: string;
        concurrencyPolicy: string;
        jobTemplate: {
          spec: {
            template: { spec: Record<'initContainers' | 'containers', readonly { command: readonly string[] }[] | undefined> };
          };
        };
      };
    }[];
    const steps = jobs.map(({ metadata: { name }, spec: { schedule, concurrencyPolicy, jobTemplate } }) => {
      const { initContainers = [], containers = [] } = jobTemplate.spec.template.spec;
      const commands = [...initContainers, ...containers].map(({ command }) => command.slice(-3).join(' '));
      return [name, schedule, concurrencyPolicy, commands];
    });
    const cli = 'ops/cli/main.ts backup';
    expect(steps).toEqual([
      ['lab-gateway-backup', '15 2 * * *', 'Forbid', [`${cli} create`, `${cli} prune`]],
      ['lab-gateway-backup-verify', '45 3 * * 0', 'Forbid', [`${cli} verify`]],
    ]);
    const [name] = all.flatMap(({ kind, metadata }) => (kind === 'ConfigMap' ? [metadata.name] : []));
    expect(JSON.stringify(jobs).split(`"name":"${name}"`)).toHaveLength(3);
  });

  test('DE-15 SC-07 over several zones there are 6 to 50, as many in each', () => {
    const zones = kustomize('overlays/multi-zone');
    expect(one(zones, 'Deployment')).toMatchObject({
      spec: {
        replicas: 6,
        template: {
          spec: {
            topologySpreadConstraints: [
              { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', minDomains: 3 },
            ],
          },
        },
      },
    });
    expect(one(zones, 'HorizontalPodAutoscaler')).toMatchObject({ spec: { minReplicas: 6, maxReplicas: 50 } });
    expect(container(zones)).toMatchObject({ resources: { limits: { cpu: '2', memory: '4Gi' } } });
  });

  test('DE-12 without MongoDB the data is on a volume that one pod writes', () => {
    const development = kustomize('overlays/development');
    const claim = one(development, 'PersistentVolumeClaim', 'lab-gateway-data');
    expect(claim).toMatchObject({ spec: { accessModes: ['ReadWriteOnce'] } });
    expect(one(development, 'Deployment')).toMatchObject({ spec: { replicas: 1, strategy: { type: 'Recreate' } } });
    expect(
      parts(one(development, 'Deployment')).find(({ name, persistentVolumeClaim }) => name === 'data' && persistentVolumeClaim),
    ).toEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: claim.metadata.name },
    });
    expect(container(development)).toMatchObject({
      volumeMounts: expect.arrayContaining([{ name: 'data', mountPath: '/app/data' }]),
    });
  });

  test.each(['overlays/staging', 'overlays/production', 'overlays/multi-zone', ...rollouts, ...stores])(
    'DE-26 %s names every image by version',
    (folder) => {
      const images = kustomize(folder)
        .flatMap(parts)
        .flatMap(({ image }) => (typeof image === 'string' && image !== '{{args.image}}' ? [image] : []));
      expect(images.filter((image) => !/(:\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/.test(image))).toEqual([]);
    },
  );
});

needs('a gradual release', () => {
  const [blueGreen, canary] = rollouts;

  test('DE-27 blue-green waits for a person, asks before and after, and keeps the old version for 30 s', () => {
    expect(one(kustomize(blueGreen), 'Rollout')).toMatchObject({
      spec: {
        strategy: {
          blueGreen: {
            autoPromotionEnabled: false,
            scaleDownDelaySeconds: 30,
            prePromotionAnalysis: { templates: [{ templateName: 'answers' }] },
            postPromotionAnalysis: { templates: [{ templateName: 'success-rate' }] },
          },
        },
      },
    });
  });

  test('DE-28 a canary grows by fifths every ten minutes, is watched from its second step, and ends with everybody', () => {
    const pause = { pause: { duration: '10m' } };
    expect(one(kustomize(canary), 'Rollout')).toMatchObject({
      spec: {
        strategy: {
          canary: {
            steps: [
              { setWeight: 20 },
              pause,
              { setWeight: 40 },
              pause,
              { setWeight: 60 },
              pause,
              { setWeight: 80 },
              pause,
              { setWeight: 100 },
            ],
            analysis: { startingStep: 2, templates: [{ templateName: 'success-rate' }] },
          },
        },
      },
    });
  });

  test.each([...rollouts])(
    'AD-17 DE-29 %s: every analysis that is named is there, and wants 95 of 100 to succeed, and that within a second',
    (folder) => {
      const manifests = kustomize(folder);
      const named = parts(one(manifests, 'Rollout')).flatMap(({ templateName }) =>
        typeof templateName === 'string' ? [templateName] : [],
      );
      for (const name of named) expect(one(manifests, 'AnalysisTemplate', name)).toBeDefined();
      const watched = JSON.stringify(one(manifests, 'AnalysisTemplate', 'success-rate'));
      expect(watched).toContain('result[0] >= 0.95');
      for (const part of ['p95-seconds', 'result[0] <= 1', 'histogram_quantile(0.95']) expect(watched).toContain(part);
    },
  );

  test.each([...rollouts])('%s: the autoscaler scales the Rollout, and every Service that it names is there', (folder) => {
    const manifests = kustomize(folder);
    expect(one(manifests, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: { scaleTargetRef: { kind: 'Rollout', name: 'lab-gateway' } },
    });
    const services = parts(one(manifests, 'Rollout')).flatMap((part) =>
      Object.entries(part).flatMap(([key, value]) => (/Service$/.test(key) ? [String(value)] : [])),
    );
    expect(services).toHaveLength(2);
    for (const name of services) expect(one(manifests, 'Service', name)).toBeDefined();
  });
});

needs('the chart', () => {
  test('DE-25 with the values of production it makes what the overlay makes', () => {
    const chart = helm('-f', 'ops/deploy/helm/values-production.yaml');
    const overlay = kustomize('overlays/production');
    const comparable = ({ env, ...rest }: Readonly<Record<string, unknown>>) => ({
      ...rest,
      env: (env as readonly { name: string; valueFrom?: unknown }[])
        .filter(({ valueFrom }) => valueFrom)
        .map(({ name }) => name)
        .sort(),
    });
    const [ours, theirs] = [container(chart), container(overlay)];
    expect(comparable(ours ?? {})).toEqual(comparable(theirs ?? {}));
    for (const kind of [
      'HorizontalPodAutoscaler',
      'VerticalPodAutoscaler',
      'PodDisruptionBudget',
      'NetworkPolicy',
      'Ingress',
      'ServiceMonitor',
      'PrometheusRule',
    ])
      expect(one(chart, kind)['spec'], kind).toEqual(one(overlay, kind)['spec']);
  });

  test('its configuration is that of the base', () => {
    const env = (manifests: readonly Manifest[]): readonly string[] => {
      const { data } = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: { 'gateway.env': string } };
      return data['gateway.env']
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .sort();
    };
    expect(env(helm())).toEqual(env(kustomize('base')));
  });

  test('DE-38 registry, secrets and configuration may come from elsewhere', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const chart = helm(
      '--set',
      `image.repository=registry.example/gw,image.digest=${digest},existingConfigMap=ours,secrets.MONGODB_URI.name=vaulted`,
    );
    expect(container(chart)).toMatchObject({
      image: `registry.example/gw@${digest}`,
      env: expect.arrayContaining([{ name: 'MONGODB_URI', valueFrom: { secretKeyRef: { name: 'vaulted', key: 'uri' } } }]),
    });
    expect(JSON.stringify(one(chart, 'Deployment'))).toContain('"configMap":{"name":"ours"}');
    expect(chart.filter(({ kind }) => kind === 'ConfigMap')).toEqual([]);
  });

  test.each([
    ['a moving tag', 'image.tag=latest', '/image/tag'],
    ['a secret among the configuration', 'config.ADMIN_TOKEN=x', 'ADMIN_TOKEN'],
    ['the settings of a laptop', 'config.ENVIRONMENT=development', '/config/ENVIRONMENT'],
    ['a value that nothing reads', 'replicas=3', 'replicas'],
    ['a port that is none', 'config.GATEWAY_PORT=eighty', '/config/GATEWAY_PORT'],
  ])('it refuses %s', (_, value, named) => {
    expect(() => helm('--set', value)).toThrow(named);
  });
});

needs('the stores', () => {
  test('SC-15 SC-16 SC-17 Redis has replicas or is a cluster, MongoDB is a replica set', () => {
    expect(one(kustomize('storage/redis-cluster'), 'StatefulSet', 'redis-cluster')).toMatchObject({ spec: { replicas: 6 } });
    expect(one(kustomize('storage'), 'StatefulSet', 'redis-limits')).toMatchObject({ spec: { replicas: 3 } });
    expect(
      parts(one(kustomize('storage'), 'StatefulSet', 'mongodb')).find(
        ({ name, command }) => name === 'mongodb' && command !== undefined,
      ),
    ).toMatchObject({
      command: expect.arrayContaining(['--replSet', 'lab', '--keyFile']),
    });
  });

  test('limits are never evicted and are on disk; the cache is evicted and is not', () => {
    expect(read('ops/deploy/kubernetes/storage/redis-start.sh')).toMatch(/--appendonly yes[\s\S]*--maxmemory-policy noeviction/);
    expect(JSON.stringify(one(kustomize('storage'), 'Deployment', 'redis-cache'))).toMatch(/"--appendonly","no".*"allkeys-lfu"/);
  });

  test('both ways make the replica set by the same script', () => {
    expect(read('ops/deploy/kubernetes/storage/mongodb-replica-set.js')).toBe(read('ops/deploy/compose/replica-set.js'));
  });
});
