import type { Breakers } from '#ops/breakers.ts';
import type { Finding, Probes } from './probes.ts';
import { reasons } from './reason.ts';

type Status = 'healthy' | 'degraded' | 'unhealthy';

/** Something of this process itself that must be there before it can serve. */
type Condition = { readonly name: string; readonly holds: () => boolean };

type Parts = {
  readonly probes: Probes;
  readonly conditions: readonly Condition[];
  readonly breakers: Pick<Breakers, 'stateOf' | 'report'>;
  /** Names of dependencies without which nothing of use can be answered. */
  readonly critical: ReadonlySet<string>;
  /** True once this process takes nothing more. */
  readonly isDraining: () => boolean;
  readonly version: string;
  readonly now: () => number;
};

/** What this process says of itself, all of it from memory. */
export type Health = {
  /** Whether it may be sent requests. */
  readonly isReady: () => boolean;
  readonly isHealthy: (dependency: string) => boolean;
  readonly brief: () => { readonly status: Status } & Readonly<Record<string, unknown>>;
  readonly detailed: () => { readonly status: Status } & Readonly<Record<string, unknown>>;
  /** Each of the laboratory's services. */
  readonly services: () => Readonly<Record<string, unknown>>;
};

export function health({ probes, conditions, breakers, critical, isDraining, version, now }: Parts): Health {
  const { dependencies, findingOf } = probes;
  const isServing = (): boolean => conditions.every(({ holds }) => holds());
  const status = (): Status => {
    const ailing = dependencies.filter(({ name }) => !findingOf(name).healthy);
    // What nobody has asked yet is not known to be away.
    if (!isServing() || ailing.some(({ name }) => critical.has(name) && findingOf(name).checkedAt !== null)) return 'unhealthy';
    return ailing.length > 0 ? 'degraded' : 'healthy';
  };
  const timestamp = (): string => new Date(now()).toISOString();
  const services = (): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      dependencies.flatMap(({ name, kind }) =>
        kind === 'service' ? [[name, { ...described(findingOf(name)), circuit_breaker_state: breakers.stateOf(name) }]] : [],
      ),
    );
  return {
    isHealthy: (dependency) => findingOf(dependency).healthy,
    isReady: () => isServing() && !isDraining(),
    services,
    brief() {
      const began = performance.now();
      const told = [
        ...dependencies.map(({ name }) => [name, inWords(findingOf(name))] as const),
        ...conditions.map(({ name, holds }) => [name, holds() ? 'healthy' : `unhealthy: ${reasons.missing}`] as const),
      ];
      return {
        status: status(),
        timestamp: timestamp(),
        version,
        services: Object.fromEntries(told),
        response_time_ms: Math.round((performance.now() - began) * 1e3) / 1e3,
      };
    },
    detailed() {
      const all = dependencies.filter(({ kind }) => kind === 'service').map(({ name }) => findingOf(name));
      const overall = status();
      return {
        status: overall,
        service: 'api-gateway',
        version,
        services: {
          overall_health: overall,
          healthy_services: all.filter(({ healthy }) => healthy).length,
          total_services: all.length,
          services: services(),
          timestamp: timestamp(),
        },
        circuit_breakers: breakers.report(),
        ...Object.fromEntries(
          dependencies.flatMap(({ name, kind }) =>
            kind === 'store' ? [[name === 'redis' ? 'redis' : 'database', store(findingOf(name))]] : [],
          ),
        ),
      };
    },
  };
}

const inWords = ({ healthy, reason }: Finding): string => (healthy ? 'healthy' : `unhealthy: ${reason}`);

/** The pool's numbers are in the contract; our drivers do not tell them. */
const store = (finding: Finding) => ({ status: inWords(finding), pool_size: null, active_connections: null });

const described = ({ healthy, status, tookMs, checkedAt, reason }: Finding) => ({
  healthy,
  status_code: status,
  response_time: tookMs === null ? null : Math.round(tookMs * 10) / 10_000,
  last_check: checkedAt === null ? null : new Date(checkedAt).toISOString(),
  ...(reason !== undefined && { error: reason }),
});
