import cluster from 'node:cluster';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Command } from './commands.ts';
import { hasTerminal, onCommand, tellPrimary } from './commands.ts';

/** Why the process ends. */
type Stop = { readonly reason: string; readonly exitCode: 0 | 1 };

export type Lifecycle = {
  /** True while no new traffic is wanted: `/ready` is 503. */
  readonly isDraining: () => boolean;
  /**
   * True while answers are to close their connections too. Not so between a signal and the end of listening: who does not ask
   * `/ready` would only come back on a new connection, and the system resets those that nobody has taken when listening ends.
   */
  readonly turnsAway: () => boolean;
  /** Turns traffic away until `undrain`; with workers, all of them do. */
  readonly drain: () => void;
  readonly undrain: () => void;
  /** Resolves when the process is to end and load balancers had their time to see it; it is draining from the first moment. */
  readonly stopped: Promise<Stop>;
  /** Hears of SIGHUP, here or in the process above. */
  readonly onReload: (reload: () => void) => void;
};

type Parts = {
  readonly logger: Logger;
  /** Time between draining and the end. */
  readonly delayMs: number;
  /** Time for what runs to finish after that. */
  readonly graceMs: number;
};

/** Beyond the grace, for stores to close. */
const closingMs = 10_000;

/**
 * Hears the signals of this process. The first SIGTERM or SIGINT stops it in order and a second one ends it at once, with
 * 128 + the signal's number as shells count; what nobody caught stops it in order too, with exit code 1. It never hangs: a
 * process that has not ended within delay, grace and 10 s ends itself with exit code 1.
 */
export function openLifecycle({ logger, delayMs, graceMs }: Parts): Lifecycle {
  let [isDraining, isStopping] = [false, false];
  const reloads: (() => void)[] = [];
  const { promise: stopped, resolve } = Promise.withResolvers<Stop>();
  const stop = once((why: Stop): void => {
    [isDraining, isStopping] = [true, true];
    logger.info({ reason: why.reason }, 'stopping');
    setTimeout(() => endNow(logger), delayMs + graceMs + closingMs).unref();
    void pause(delayMs).then(() => resolve(why));
  });
  const obey: Readonly<Record<Command, () => void>> = {
    stop: () => stop({ reason: 'the primary process', exitCode: 0 }),
    drain: () => {
      isDraining = true;
    },
    undrain: () => {
      isDraining = false;
    },
    reload: () => {
      for (const reload of reloads) reload();
    },
  };
  onCommand((command) => obey[command]());
  onSignals((signal) => stop({ reason: signal, exitCode: 0 }));
  process.on('SIGHUP', () => (hasTerminal ? stop({ reason: 'SIGHUP', exitCode: 0 }) : obey.reload()));
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, frames: framesOf(error), origin }, 'nobody caught this');
    stop({ reason: origin, exitCode: 1 });
  });
  const everywhere = (command: 'drain' | 'undrain') => (): void => {
    obey[command]();
    tellPrimary(command);
  };
  return {
    isDraining: () => isDraining,
    turnsAway: () => isDraining && !isStopping,
    drain: everywhere('drain'),
    undrain: everywhere('undrain'),
    stopped,
    onReload: (reload) => void reloads.push(reload),
  };
}

/** Signals of a terminal reach workers too, but only the process above them may end one at once. */
function onSignals(hear: (signal: NodeJS.Signals) => void): void {
  if (cluster.isWorker) {
    process.on('SIGTERM', hear).on('SIGINT', () => undefined);
    return;
  }
  let isSecond = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isSecond) process.exit(128 + constants.signals[signal]);
      isSecond = true;
      hear(signal);
    });
  }
}

function once<Value>(run: (value: Value) => void): (value: Value) => void {
  let ran = false;
  return (value) => {
    if (!ran) run(value);
    ran = true;
  };
}

/** Where it was thrown; its message may hold what no log may. */
const framesOf = (error: unknown): readonly string[] =>
  String(error instanceof Error ? error.stack : '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 10)
    .map((line) => line.trim());

function endNow(logger: Logger): void {
  logger.fatal('it did not end in time');
  process.exit(1);
}
