/**
 * JSON that keeps every digit of a 64-bit integer. JavaScript's numbers end at 2^53, so whole numbers beyond it come in as
 * bigint and go out as the bare digits, as the real service (Python) reads and writes them.
 */

declare global {
  interface JSON {
    // Part of the engine, not yet of the compiler's library.
    rawJSON(text: string): object;
    parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  }
}

export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) =>
    isCut(value) && source && /^-?\d+$/.test(source) ? BigInt(source) : value,
  );
}

/** What to put into an answer for an integer: a number where that is exact. */
export function exactInteger(value: bigint): number | object {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : JSON.rawJSON(String(value));
}

function isCut(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value);
}
