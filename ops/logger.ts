import type { Logger } from 'pino';
import { pino } from 'pino';

/** JSON lines on standard error, so that standard output stays for what a person or a program asked for. */
export const createLogger = ({ level }: { readonly level: string }): Logger =>
  pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination(2),
  );
