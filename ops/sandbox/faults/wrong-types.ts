/** The same JSON with an object in place of every id and a text in place of every number; what is no JSON stays. */
export function wrongTypes(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, spoil));
  } catch {
    return text;
  }
}

function spoil(key: string, value: unknown): unknown {
  if (typeof value === 'string' && /(^|_)id$/.test(key)) return { value };
  return typeof value === 'number' ? String(value) : value;
}
