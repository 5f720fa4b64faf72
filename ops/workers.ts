import type { Worker } from 'node:cluster';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Command, WorkerMessage } from './commands.ts';
import { hasTerminal } from './commands.ts';

type Parts = {
  readonly workers: number;
  /** Variables of the workers beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
};

/** How long the first restart of a worker is put off, and how long it is at most, doubling in between. */
const firstPauseMs = 100;
const longestPauseMs = 10_000;
/** A worker that ran so long did not die of its start. */
const settledMs = 60_000;

/**
 * Serves one port with several processes of this program, and replaces those that die. The first one starts alone, so
 * that what keeps it from starting is said once. Signals go on to all: the first SIGTERM or SIGINT stops them in order, a
 * second one kills them; SIGHUP lets them read their files again. A worker that alone gets SIGTERM stops in order and is replaced.
 * @returns the exit code: 0, or 1 when the first worker could not start or one did not end in order
 */
export async function superviseWorkers({ workers: count, environment, logger }: Parts): Promise<0 | 1> {
  const running = new Set<Worker>();
  const stopping = new AbortController();
  const serving = Promise.withResolvers<string>();
  let [hasServed, isDraining] = [false, false];
  const tell = (command: Command, except?: Worker): void => {
    for (const worker of running) if (worker !== except) sendTo(worker, command);
  };
  const hear = (worker: Worker, message: WorkerMessage): void => {
    if ('command' in message) {
      isDraining = message.command === 'drain' || (isDraining && message.command !== 'undrain');
      tell(message.command, worker);
      return;
    }
    hasServed = true;
    serving.resolve(message.serving);
    // What was said before it listened, it did not hear.
    if (stopping.signal.aborted) sendTo(worker, 'stop');
    if (isDraining) sendTo(worker, 'drain');
  };
  const runOne = async (): Promise<Ended> => {
    const worker = cluster.fork(environment);
    running.add(worker);
    worker.on('message', (message: WorkerMessage) => hear(worker, message));
    const [code, signal] = (await once(worker, 'exit')) as [number | null, NodeJS.Signals | null];
    running.delete(worker);
    return { worker: worker.process.pid, code, signal };
  };
  /** Resolves when the last of its workers ended: true when that was in order. */
  const keepOne = async (): Promise<boolean> => {
    for (let pauseMs = firstPauseMs; ; ) {
      const since = Date.now();
      const ended = await runOne();
      if (stopping.signal.aborted || !hasServed) return ended.code === 0;
      logger.warn(ended, 'a worker ended; another one starts');
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return true;
      pauseMs = Date.now() - since > settledMs ? firstPauseMs : Math.min(2 * pauseMs, longestPauseMs);
    }
  };
  const stopAll = (): void => {
    stopping.abort();
    tell('stop');
  };
  onSignals(running, stopAll);
  process.on('SIGHUP', () => (hasTerminal ? stopAll() : tell('reload')));
  const first = keepOne();
  const text = await Promise.race([serving.promise, first]);
  if (typeof text === 'boolean') return text ? 0 : 1;
  const others = Array.from({ length: count - 1 }, keepOne);
  process.stdout.write(text);
  return (await Promise.all([first, ...others])).every(Boolean) ? 0 : 1;
}

type Ended = { readonly worker: number | undefined; readonly code: number | null; readonly signal: NodeJS.Signals | null };

function sendTo(worker: Worker, command: Command): void {
  if (worker.isConnected()) worker.send({ command });
}

function onSignals(running: ReadonlySet<Worker>, stop: () => void): void {
  let isSecond = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!isSecond) stop();
      else {
        for (const { process: worker } of running) worker.kill('SIGKILL');
        process.exit(128 + constants.signals[signal]);
      }
      isSecond = true;
    });
  }
}
