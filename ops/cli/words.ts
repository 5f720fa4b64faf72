import type { ParseArgsOptionsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** What every command of organizations understands. */
export const commonOptions = { json: { type: 'boolean', default: false } } as const;

/**
 * Reads positional words by name and options. @throws UsageError for a missing, superfluous or unknown word
 */
export function readWords<const Options extends ParseArgsOptionsConfig>(
  words: readonly string[],
  names: readonly string[],
  options: Options,
) {
  const { positionals, values } = parsed(words, options);
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`Which ${missing}? It is missing; --help shows how to say it.`);
  if (positionals.length > names.length) throw new UsageError(`${positionals[names.length]} is one word too many.`);
  return { positionals, values };
}

/** Reads at least one positional word, and options. @throws UsageError where there is none, and for unknown options */
export function readPlaces<const Options extends ParseArgsOptionsConfig>(
  words: readonly string[],
  name: string,
  options: Options,
) {
  const { positionals, values } = parsed(words, options);
  if (positionals.length === 0) throw new UsageError(`Which ${name}? It is missing; --help shows how to say it.`);
  return { places: positionals, values };
}

function parsed<const Options extends ParseArgsOptionsConfig>(words: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : 'These words cannot be read.', { cause });
  }
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90d`, `24h`, `30m` or `15s`. @throws UsageError */
export function readDuration(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = units[unit];
  if (amount === undefined || unitMs === undefined) throw new UsageError(`${option} is a time such as 90d, 24h, 30m or 15s.`);
  return Number(amount) * unitMs;
}

/** A time from now such as `90d`, or a date such as `2027-01-31`. @throws UsageError */
export function readMoment(option: string, text: string, now: number): Date {
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text);
  if (/^\d+[smhd]$/.test(text)) return new Date(now + readDuration(option, text));
  throw new UsageError(`${option} is a time from now such as 90d, or a date such as 2027-01-31.`);
}

/** Words between commas. */
export const readList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

/** A JSON object. @throws UsageError */
export function readObject(option: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new UsageError(`${option} is not a JSON object.`);
}
