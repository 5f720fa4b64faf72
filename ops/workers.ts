import type { Worker } from 'node:cluster';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Command, WorkerMessage } from './commands.ts';
import { hasTerminal } from './commands.ts';
import type { Digests } from './relay.ts';
import { relay } from './relay.ts';

type Parts = {
  readonly workers: number;
  /** Variables of the workers beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** Makes one of what the workers answer, by their numbers; where a topic has none, the answers are passed on as they are. */
  readonly digests?: Digests;
  /** Hears the number of each worker that ended. */
  readonly onEnded?: (worker: number) => void;
};

/** How long the first restart of a worker is put off, and how long it is at most, doubling in between. */
const firstPauseMs = 100;
const longestPauseMs = 10_000;
/** A worker that ran so long did not die of its start. */
const settledMs = 60_000;
/** So many that do, one after another in the same place, will not be helped by one more. */
const maxEarlyEnds = 6;

/**
 * Serves one port with several processes of this program, and replaces those that die. The first one starts alone, so
 * that what keeps it from starting is said once. Signals go on to all: the first SIGTERM or SIGINT stops them in order, a
 * second one kills them; SIGHUP lets them read their files again. A worker that alone gets SIGTERM stops in order and is replaced.
 * What one worker asks is passed on to all that serve.
 * @returns the exit code: 0, or 1 when the first worker could not start, one did not end in order or one dies again and again
 */
export async function superviseWorkers(parts: Parts): Promise<0 | 1> {
  const { workers: count, environment, logger, digests = {}, onEnded } = parts;
  const running = new Set<Worker>();
  const questions = relay(digests);
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
    if ('serving' in message) hearServing(worker, message.serving);
    else if ('question' in message) questions.pass(message, worker);
    else questions.hear(message, worker);
  };
  const hearServing = (worker: Worker, text: string): void => {
    hasServed = true;
    questions.serves(worker);
    serving.resolve(text);
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
    questions.gone(worker);
    onEnded?.(worker.id);
    return { worker: worker.process.pid, code, signal };
  };
  /** Resolves when the last of its workers ended: true when that was in order. */
  const keepOne = async (): Promise<boolean> => {
    for (let early = 0; ; ) {
      const since = Date.now();
      const ended = await runOne();
      if (stopping.signal.aborted || !hasServed) return ended.code === 0;
      early = Date.now() - since > settledMs ? 0 : early + 1;
      if (early === maxEarlyEnds) return giveUp(ended);
      logger.warn(ended, 'a worker ended; another one starts');
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.max(0, early - 1), longestPauseMs);
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return true;
    }
  };
  const giveUp = (ended: Ended): false => {
    logger.fatal(ended, 'workers end again and again; all of them stop');
    stopAll();
    return false;
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
