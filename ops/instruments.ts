import type { Logger } from 'pino';
import type { BreakerState } from '#kit/circuit-breaker.ts';
import type { Clock } from '#kit/clock.ts';
import type { QueryWatch } from '#kit/query-watch.ts';
import type { UpstreamCall } from '#kit/upstream-call.ts';
import type { Breakers } from './breakers.ts';
import { breakers } from './breakers.ts';
import { errorReports, loadErrorHook } from './log/error-reports.ts';
import type { Log, LogSettings } from './log/open-log.ts';
import { openLog } from './log/open-log.ts';
import { queryLog } from './log/query-log.ts';
import { requestLog } from './log/request-log.ts';
import type { Metrics } from './meters/create-metrics.ts';
import { createMetrics } from './meters/create-metrics.ts';
import { version } from './version.ts';

type Parts = {
  readonly settings: LogSettings &
    Omit<Parameters<typeof requestLog>[0], 'logger'> & {
      /** Module whose default export is handed each unexpected error. */
      readonly errorHookPath?: string | undefined;
      /** Variables of services for errors that need a hook which is not there. */
      readonly unheard?: readonly string[];
    };
  readonly clock: Clock;
};

type EndedRequest = Parameters<Metrics['requestEnded']>[0] & Parameters<ReturnType<typeof requestLog>>[0];

/** What hears the stages: it counts, and writes down. */
type Observer = Omit<Metrics, 'requestEnded'> & { readonly requestEnded: (request: EndedRequest) => void };

/** Log, metrics and circuits of a process; what else is opened tells them what happens. */
export type Instruments = AsyncDisposable & {
  readonly log: Log;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly breakers: Breakers;
  readonly observer: Observer;
  /** For the statements of the graph service: each is counted, and told by a line without its text. */
  readonly watchQuery: QueryWatch;
  /** For the connections to the laboratory's services. */
  readonly onCall: (call: UpstreamCall) => void;
  readonly onBreakerChange: (service: string, state: BreakerState) => void;
  /** Passes every call to a service on to one more listener. */
  readonly alsoTell: (listener: (call: UpstreamCall) => void) => void;
  /** Where it is told whether budgets are decided by this process alone. */
  readonly followLimits: (limits: { readonly degraded: () => boolean } | undefined) => void;
};

/** @throws Error when the log file cannot be opened */
export async function openInstruments({ settings, clock }: Parts): Promise<Instruments> {
  let degraded = (): boolean => false;
  const metrics = createMetrics({ clock, limitsDegraded: () => degraded() });
  const lost = lostReports(metrics.reportLost);
  const { errorHookPath, unheard = [] } = settings;
  const hook = errorHookPath === undefined ? undefined : await loadErrorHook(errorHookPath);
  const onError = hook && errorReports({ hook, version, clock, onFailure: lost.hear });
  const log = await openLog({ settings, clock, onDrop: metrics.linesDropped, onError });
  const { logger } = log;
  lost.tellIn(logger);
  for (const name of unheard) logger.warn({ name }, 'is set, and nothing here uses it: see Error reports in README.md');
  const circuits = breakers(clock);
  const listeners: ((call: UpstreamCall) => void)[] = [metrics.upstreamCalled, circuits.called];
  const written = requestLog({ logger, ...settings });
  const told = queryLog(logger);
  const breakerChanged = (service: string, state: BreakerState): void => {
    metrics.breakerChanged(service, state);
    circuits.changed(service, state);
  };
  return {
    log,
    logger,
    metrics,
    breakers: circuits,
    observer: {
      ...metrics,
      breakerChanged,
      requestEnded(request) {
        metrics.requestEnded(request);
        written(request);
      },
    },
    watchQuery(query) {
      told(query);
      return metrics.queryStarted(query);
    },
    onCall: (call) => {
      for (const listener of listeners) listener(call);
    },
    onBreakerChange(service, state) {
      breakerChanged(service, state);
      logger.warn({ service, state }, 'circuit breaker');
    },
    alsoTell: (listener) => void listeners.push(listener),
    followLimits(limits) {
      if (limits !== undefined) degraded = limits.degraded;
    },
    async [Symbol.asyncDispose]() {
      metrics[Symbol.dispose]();
      await log[Symbol.asyncDispose]();
    },
  };
}

/** Counts reports that were lost, and tells of the first one. */
function lostReports(count: () => void) {
  let logger: Logger | undefined;
  return {
    tellIn(opened: Logger): void {
      logger = opened;
    },
    hear(error: unknown): void {
      count();
      // A level below that of reports: else it would be one.
      logger?.warn({ err: error, reason: error }, 'the hook for errors did not take a report; it is told once');
      logger = undefined;
    },
  };
}
