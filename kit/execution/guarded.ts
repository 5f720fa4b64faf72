import type { FieldNode } from 'graphql';
import { locatedError } from 'graphql';
import { stackless } from '#kit/stackless.ts';
import type { Complete, Place, Run } from './run.ts';
import { isPromise, pathOf } from './run.ts';

/** Notes an error and gives what stands in the value's place, or throws where null may not (GraphQL, section 6.4.4). */
type Failed = (error: unknown, place: Place, run: Run) => null;

type Where = { readonly nodes: readonly FieldNode[]; readonly nullable: boolean };

export const failing =
  ({ nodes, nullable }: Where): Failed =>
  (error, place, run) => {
    const located = stackless(() => locatedError(error, nodes, pathOf(place)));
    if (!nullable) throw located;
    run.errors.push(located);
    return null;
  };

/** Completes a value or what is promised; all that goes wrong on the way is for `failed` to judge. */
export function guarded(complete: Complete, failed: Failed): Complete {
  const shown: Complete = (value, place, run) => {
    try {
      const completed = complete(value, place, run);
      return isPromise(completed) ? completed.then(undefined, (error: unknown) => failed(error, place, run)) : completed;
    } catch (error) {
      return failed(error, place, run);
    }
  };
  return (value, place, run) => {
    if (!isPromise(value)) return shown(value, place, run);
    return value.then(
      (found) => shown(found, place, run),
      (error: unknown) => failed(error, place, run),
    );
  };
}
