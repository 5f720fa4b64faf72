import autocannon from 'autocannon';
import { cpuSeconds, residentMegabytes } from './processes.ts';
import type { Target } from './targets.ts';

export type Measure = {
  readonly requestsPerSecond: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** CPU seconds of all counted processes per 1,000 requests. */
  readonly cpuPerThousand: number;
  readonly residentMegabytes: number;
  /** Answers that were not 200, and requests without an answer. */
  readonly failures: number;
};

type Load = { readonly body: string; readonly connections: number; readonly seconds: number };

/** Loads one target for some seconds. */
export async function measure({ url, headers, pids }: Target, { body, connections, seconds }: Load): Promise<Measure> {
  const latencies: number[] = [];
  const before = sum(pids.map(cpuSeconds));
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      { url, connections, duration: seconds, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body },
      (error, finished) => (error ? reject(error) : resolve(finished)),
    );
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  const used = sum(pids.map(cpuSeconds)) - before;
  latencies.sort((left, right) => left - right);
  const percentile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    requestsPerSecond: latencies.length / result.duration,
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    cpuPerThousand: (used / latencies.length) * 1_000,
    residentMegabytes: sum(pids.map(residentMegabytes)),
    failures: result.non2xx + result.errors + result.timeouts,
  };
}

/** Loads every target until its engine has compiled what the operation needs: a slow one is asked too rarely for that in a run. */
export async function warmUp(targets: readonly Target[], body: string): Promise<void> {
  for (const target of targets) await measure(target, { body, connections: 32, seconds: 10 });
}

/** Measures every target in turn, as often as there are repeats, so that a drift of the machine meets all of them. */
export async function interleaved(
  targets: readonly Target[],
  load: Load,
  repeats: number,
): Promise<Readonly<Record<string, Measure>>> {
  const measured = new Map<string, Measure[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await measure(target, { ...load, seconds: 1 });
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const target of targets) measured.get(target.name)?.push(await measure(target, load));
  }
  return Object.fromEntries([...measured].map(([name, all]) => [name, median(all)]));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The middle one of several measures of the same thing, figure by figure. */
export function median(measures: readonly Measure[]): Measure {
  const middle = (figure: keyof Measure): number =>
    measures.map((measured) => measured[figure]).sort((left, right) => left - right)[Math.floor(measures.length / 2)] ??
    Number.NaN;
  return {
    requestsPerSecond: middle('requestsPerSecond'),
    p50: middle('p50'),
    p95: middle('p95'),
    p99: middle('p99'),
    cpuPerThousand: middle('cpuPerThousand'),
    residentMegabytes: middle('residentMegabytes'),
    failures: sum(measures.map(({ failures }) => failures)),
  };
}
