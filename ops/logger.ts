import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';
import { safeMessage } from '#kit/safe-message.ts';
import { currentTrace } from '#kit/tracing.ts';
import { errorFields } from './log/error-fields.ts';

type Options = {
  readonly level: string;
  /** Hears of every child, which has a level of its own. */
  readonly onChild?: (child: Pick<Logger, 'level'>) => void;
};

/**
 * JSON lines: time, level, logger, message, and the named fields of the event. They go to standard error unless told, so that
 * standard output stays for what a person or a program asked for.
 */
export function createLogger({ level, onChild }: Options, destination: DestinationStream = pino.destination(2)): Logger {
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
      ...(onChild && { onChild }),
    },
    destination,
  );
  return logger;
}

/** By which a line is found beside its trace. */
function traceIds(): Readonly<Record<string, string>> {
  const place = currentTrace();
  return place === undefined ? {} : { trace_id: place.traceId, span_id: place.spanId };
}
