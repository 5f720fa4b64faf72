/*
 * What stands in code that is made while the process runs. Names are all that comes from a client; those of GraphQL
 * (September 2025, section 2.1.9) are names of JavaScript too.
 */

/** @throws Error for what GraphQL does not allow as the name of a field */
export function nameInCode(name: string): string {
  if (/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return name;
  throw new Error(`${JSON.stringify(name)} is no name of a field.`);
}

/** A name as the key of an object literal, where `__proto__` would say what the object inherits. */
export const keyInCode = (name: string): string => (name === '__proto__' ? `['__proto__']` : nameInCode(name));
