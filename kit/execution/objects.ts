import type { Waiting } from './gathered.ts';
import { gathered } from './gathered.ts';
import type { NamedStep } from './object-code.ts';
import { generatedObject } from './object-code.ts';
import type { Step } from './run.ts';
import { isPromise } from './run.ts';

type Completed = Record<string, unknown>;

/** Objects that an operation completes in one place before code of their own is worth its making. */
const fewObjects = 100;

/** Completes all fields of an object, at once as far as their resolvers are (GraphQL, section 6.3). */
export function inParallel(fields: readonly NamedStep[], few = fewObjects): Step {
  let complete = looped(fields);
  let left = few;
  return (source, place, run) => {
    if (left === 0) complete = generatedObject(fields, { complete: (object, waiting) => gathered(object, waiting, put), fail });
    left -= 1;
    return complete(source, place, run);
  };
}

const looped =
  (fields: readonly NamedStep[]): Step =>
  (source, place, run) => {
    const completed: Completed = {};
    const waiting: Waiting<string>[] = [];
    try {
      for (const { name, step } of fields) {
        const value = step(source, place, run);
        put(completed, name, value);
        if (isPromise(value)) waiting.push({ key: name, value });
      }
    } catch (error) {
      return fail(error, waiting);
    }
    return waiting.length === 0 ? completed : gathered(completed, waiting, put);
  };

/** What was begun is awaited: nobody else hears of those that fail as well. */
function fail(error: unknown, waiting: readonly Waiting<string>[]): unknown {
  if (waiting.length === 0) throw error;
  return Promise.allSettled(waiting.map(({ value }) => value)).then(() => {
    throw error;
  });
}

/** Completes the fields of a mutation, one after the other (GraphQL, section 6.2.2). */
export function inSequence(fields: readonly NamedStep[]): Step {
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
