import type { Logger } from 'pino';
import { pino } from 'pino';

export type MemoryLog = {
  readonly logger: Logger;
  /** Every line as it was written; `lines.length = 0` begins anew. */
  readonly lines: string[];
};

/** A logger that keeps everything, the finest level unless told. */
export function memoryLog(level = 'trace'): MemoryLog {
  const lines: string[] = [];
  return { lines, logger: pino({ level }, { write: (line: string) => void lines.push(line) }) };
}
