import type { Call } from './call.ts';

/**
 * Keeps one value for each call, in the call itself, so that both go together. A WeakMap would do the same but for one thing: a
 * value that refers to its key, as a context does to its call, outlives every collection of young objects, and all that was read
 * for the call with it.
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
