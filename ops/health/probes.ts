import type { Clock } from '#kit/clock.ts';
import { untilAborted } from '#kit/until-aborted.ts';
import type { Reason } from './reason.ts';
import { reasonOf, reasons, Unwell } from './reason.ts';

/** Something that this process needs. */
export type Dependency = {
  readonly name: string;
  /** Whether it is one of the laboratory's services, or a store of our own. */
  readonly kind: 'service' | 'store';
  /** Asks it; gives the HTTP status where there is one. @throws Unwell, or whatever went wrong */
  readonly probe: (signal: AbortSignal) => Promise<number | null>;
  /** True once something speaks against it; then it is asked sooner. */
  readonly isSuspect?: () => boolean;
};

/** What is known of a dependency. */
export type Finding = {
  readonly healthy: boolean;
  /** Absent while it is healthy. */
  readonly reason?: Reason;
  readonly status: number | null;
  /** How long the last probe took; null before the first. */
  readonly tookMs: number | null;
  /** Milliseconds since the Unix epoch; null before the first probe. */
  readonly checkedAt: number | null;
};

export type Probes = AsyncDisposable & {
  readonly dependencies: readonly Dependency[];
  readonly findingOf: (name: string) => Finding;
  /** Hears that a dependency was of use just now: one that was thought away is back. */
  readonly heard: (name: string) => void;
};

type Options = {
  readonly dependencies: readonly Dependency[];
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Hears of every question that was answered well, with the time at which it was asked. */
  readonly onWell?: (name: string, askedAt: number) => void;
  /** Hears when a dependency becomes healthy, or stops being so. */
  readonly onChange?: (name: string, finding: Finding) => void;
};

/** So often is asked what may be back at any moment. */
const troubledMs = 5_000;

const unknown: Finding = { healthy: false, reason: reasons.unknown, status: null, tookMs: null, checkedAt: null };

/** Asks every dependency at once and then again and again, one in trouble more often; whoever wants to know is told from memory. */
export function openProbes(options: Options): Probes {
  const { dependencies, everyMs, timeoutMs, clock, onWell, onChange } = options;
  const findings = new Map<string, Finding>();
  const end = new AbortController();
  const keep = (name: string, finding: Finding): void => {
    const before = findings.get(name);
    findings.set(name, finding);
    if ((before?.healthy ?? true) !== finding.healthy) onChange?.(name, finding);
  };
  const ask = async (dependency: Dependency): Promise<void> => {
    const [began, askedAt] = [performance.now(), clock.now()];
    const finding = await probed(dependency, AbortSignal.any([AbortSignal.timeout(timeoutMs), end.signal]));
    if (end.signal.aborted) return;
    if (finding.healthy) onWell?.(dependency.name, askedAt);
    keep(dependency.name, { ...finding, tookMs: performance.now() - began, checkedAt: clock.now() });
  };
  const underWay = new Map<string, Promise<void>>();
  const askThem = (them: readonly Dependency[]): void => {
    for (const dependency of them) {
      if (underWay.has(dependency.name)) continue;
      underWay.set(
        dependency.name,
        ask(dependency).finally(() => underWay.delete(dependency.name)),
      );
    }
  };
  const isTroubled = ({ name, isSuspect }: Dependency): boolean =>
    isSuspect?.() === true || findings.get(name)?.healthy === false;
  askThem(dependencies);
  const timers = [
    setInterval(() => askThem(dependencies), everyMs).unref(),
    setInterval(() => askThem(dependencies.filter(isTroubled)), Math.min(everyMs, troubledMs)).unref(),
  ];
  return {
    dependencies,
    findingOf: (name) => findings.get(name) ?? unknown,
    heard(name) {
      const known = findings.get(name);
      if (known === undefined || known.healthy || !isUnreachable(known)) return;
      const { reason: _, ...rest } = known;
      keep(name, { ...rest, healthy: true, checkedAt: clock.now() });
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      end.abort();
      await Promise.all(underWay.values());
    },
  };
}

/** A call that went well says nothing against a service that calls itself unhealthy. */
const isUnreachable = ({ reason }: Finding): boolean => reason === reasons.away || reason === reasons.late;

async function probed({ probe }: Dependency, signal: AbortSignal): Promise<Pick<Finding, 'healthy' | 'reason' | 'status'>> {
  try {
    return { healthy: true, status: await untilAborted(probe(signal), signal, () => new Error(reasons.late)) };
  } catch (error) {
    return { healthy: false, reason: reasonOf(error, signal), status: error instanceof Unwell ? error.status : null };
  }
}
