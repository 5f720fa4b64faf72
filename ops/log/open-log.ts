import type { Logger } from 'pino';
import type { Clock } from '#kit/clock.ts';
import { createLogger } from '#ops/logger.ts';
import type { HearsErrors } from './error-reports.ts';
import { lineQueue } from './line-queue.ts';
import { rotatedFile } from './rotated-file.ts';
import { standardError } from './standard-error.ts';

export type LogSettings = {
  readonly level: string;
  /** File of the log; standard error without one. */
  readonly file: string | undefined;
  readonly maxBytes: number;
  readonly keep: number;
  /** Most characters that wait for a slow reader. */
  readonly maxWaiting: number;
};

export type Log = AsyncDisposable & {
  readonly logger: Logger;
  readonly level: () => string;
  /** Changes what is logged from now on, of every stream. */
  readonly setLevel: (level: string) => void;
};

type Parts = {
  readonly settings: LogSettings;
  readonly clock: Clock;
  readonly onDrop: (lines: number) => void;
  readonly onError?: HearsErrors | undefined;
};

/** Opens the log of a process; closing writes what still waits, for a second at most. @throws Error when its file cannot be opened */
export async function openLog({ settings, clock, onDrop, onError }: Parts): Promise<Log> {
  const { level, file, maxBytes, keep, maxWaiting } = settings;
  const sink = file === undefined ? standardError() : await rotatedFile({ path: file, maxBytes, keep, clock });
  const queue = lineQueue({ sink, maxWaiting, onDrop });
  // Streams and rooms have children of their own, made once; a request has none.
  const children: Pick<Logger, 'level'>[] = [];
  const logger = createLogger({ level, onError, onChild: (child) => children.push(child) }, queue);
  return {
    logger,
    level: () => logger.level,
    setLevel(next) {
      for (const each of [logger, ...children]) each.level = next;
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
