import type { Waiting } from './gathered.ts';
import { gathered } from './gathered.ts';
import type { Place, Run } from './run.ts';
import { isPromise } from './run.ts';

/** Resolves and completes one field of an object; throws or rejects where it may not be null and is. */
export type FieldStep = (source: unknown, place: Place | undefined, run: Run) => unknown;

export type NamedStep = { readonly name: string; readonly step: FieldStep };

type Completed = Record<string, unknown>;

/** Completes all fields of an object, at once as far as their resolvers are (GraphQL, section 6.3). */
export function inParallel(fields: readonly NamedStep[]): (source: unknown, place: Place | undefined, run: Run) => unknown {
  return (source, place, run) => {
    const completed: Completed = {};
    const waiting: Waiting<string>[] = [];
    try {
      for (const { name, step } of fields) {
        const value = step(source, place, run);
        put(completed, name, value);
        if (isPromise(value)) waiting.push({ key: name, value });
      }
    } catch (error) {
      return waiting.length === 0
        ? rethrow(error)
        : Promise.allSettled(waiting.map(({ value }) => value)).then(() => rethrow(error));
    }
    return waiting.length === 0 ? completed : gathered(completed, waiting, put);
  };
}

/** Completes the fields of a mutation, one after the other (GraphQL, section 6.2.2). */
export function inSequence(
  fields: readonly NamedStep[],
): (source: unknown, place: Place | undefined, run: Run) => Promise<unknown> {
  return async (source, place, run) => {
    const completed: Completed = {};
    for (const { name, step } of fields) put(completed, name, await step(source, place, run));
    return completed;
  };
}

function put(completed: Completed, name: string, value: unknown): void {
  if (name !== '__proto__') completed[name] = value;
  else Object.defineProperty(completed, name, { value, enumerable: true, configurable: true, writable: true });
}

function rethrow(error: unknown): never {
  throw error;
}
