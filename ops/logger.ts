import type { DestinationStream, LogFn, Logger } from 'pino';
import { pino } from 'pino';
import { safeMessage } from '#kit/safe-message.ts';
import { currentTrace } from '#kit/tracing.ts';
import { errorFields } from './log/error-fields.ts';
import type { HearsErrors } from './log/error-reports.ts';

type Options = {
  readonly level: string;
  /** Hears the fields of every line of level error and above that is written. */
  readonly onError?: HearsErrors | undefined;
  /** Hears of every child, which has a level of its own. */
  readonly onChild?: (child: Pick<Logger, 'level'>) => void;
};

/**
 * JSON lines: time, level, logger, message, and the named fields of the event. They go to standard error unless told, so that
 * standard output stays for what a person or a program asked for.
 */
export function createLogger({ level, onChild, onError }: Options, destination: DestinationStream = pino.destination(2)): Logger {
  const logger: Logger = pino<never>(
    {
      level,
      base: { logger: 'gateway' },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: (error: unknown) => errorFields(error, { stack: logger.isLevelEnabled('debug') }),
        // Of errors that no client has a hand in.
        reason: (reason: unknown) => (reason instanceof Error ? safeMessage(reason) : reason),
      },
      mixin: traceIds,
      ...(onError && { hooks: { logMethod: alsoTelling(onError) } }),
      ...(onChild && { onChild }),
    },
    destination,
  );
  return logger;
}

/** Level `error` as pino counts. */
const errorLevel = 50;

const alsoTelling = (onError: HearsErrors) =>
  function alsoTell(this: Logger, ...[line, write, level]: [Parameters<LogFn>, LogFn, number]): void {
    const [fields] = line as readonly unknown[];
    if (level >= errorLevel && typeof fields === 'object' && fields !== null) onError(fields as Record<string, unknown>);
    write.apply(this, line);
  };

/** By which a line is found beside its trace. */
function traceIds(): Readonly<Record<string, string>> {
  const place = currentTrace();
  return place === undefined ? {} : { trace_id: place.traceId, span_id: place.spanId };
}
