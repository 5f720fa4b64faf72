import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';
import { errorFields } from './log/error-fields.ts';

type Options = {
  readonly level: string;
  /** Takes every line; standard error unless told, so that standard output stays for what was asked for. */
  readonly destination?: DestinationStream;
  /** Hears of every child, which has a level of its own. */
  readonly onChild?: (child: Pick<Logger, 'level'>) => void;
};

/** JSON lines: time, level, logger, message, and the named fields of the event. */
export const createLogger = ({ level, destination = pino.destination(2), onChild }: Options): Logger => {
  const logger: Logger = pino<never>(
    {
      level,
      base: { logger: 'gateway' },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => errorFields(error, { stack: logger.isLevelEnabled('debug') }) },
      ...(onChild && { onChild }),
    },
    destination,
  );
  return logger;
};
