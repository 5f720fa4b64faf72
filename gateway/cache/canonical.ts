/**
 * Text of a JSON value that is the same for the same value and for no other: keys in one order, types told apart, nothing
 * normalized, and each text in quotes, so that no two values run into each other.
 * @throws TypeError for what is not JSON, such as a file among the variables
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      // Lone halves of surrogate pairs are escaped, which keeps them apart once the text becomes bytes.
      return JSON.stringify(value);
    case 'number':
      return exactNumber(value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : composite(value);
    default:
      throw new TypeError(`A ${typeof value} is not JSON.`);
  }
}

function exactNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not JSON.`);
  return Object.is(value, -0) ? '-0' : String(value);
}

function composite(value: object): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('An object of a class is not JSON.');
  // A loop, since every entity that is looked up passes here.
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonical(field)}`;
  }
  return `{${text}}`;
}
