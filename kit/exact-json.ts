type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const longNumber = /[[:,\s]-?\d{16}/;
const wholeNumber = /^-?\d+$/;

/**
 * Parses JSON; a whole number that JavaScript cannot hold exactly becomes a string of its digits. Services count in
 * 64 bits (graph contract section 2.1), and a rounded id is another id.
 */
export function parseJson(text: string): unknown {
  return longNumber.test(text) ? JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]) : JSON.parse(text);
}

const exact: Reviver = (_, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && wholeNumber.test(source) ? source : value;
