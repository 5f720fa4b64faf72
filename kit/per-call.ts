import type { Call } from './call.ts';

/**
 * Keeps one value for each call, in the call itself, so that both are collected together. What a WeakMap holds outlives every
 * collection of young objects, and of everything that a call brought that is a quarter of its memory to be copied and swept.
 */
export function perCall<Value extends object>(make: (call: Call) => Value): (call: Call) => Value {
  const key = Symbol('kept for the call');
  return (call: Call & { readonly [key]?: Value }) => {
    const kept = call[key];
    if (kept !== undefined) return kept;
    const value = make(call);
    // Not enumerable: a copy of a call is another call, and begins with nothing.
    Object.defineProperty(call, key, { value });
    return value;
  };
}
