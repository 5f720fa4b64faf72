import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';
import { currentTrace } from '#kit/tracing.ts';

/** JSON lines on standard error, so that standard output stays for what a person or a program asked for. */
export const createLogger = (
  { level }: { readonly level: string },
  destination: DestinationStream = pino.destination(2),
): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceIds,
    },
    destination,
  );

/** By which a line is found beside its trace. */
function traceIds(): Readonly<Record<string, string>> {
  const place = currentTrace();
  return place === undefined ? {} : { trace_id: place.traceId, span_id: place.spanId };
}
