import type { Clock } from './clock.ts';
import { ExpectedError } from './errors.ts';
import type { Handler } from './layer.ts';

type Options = {
  readonly clock: Clock;
  /** Time that an instance is left out after its connection broke. */
  readonly restMs: number;
};

type Instance<Request, Response> = { readonly handle: Handler<Request, Response>; deadUntil: number };

/**
 * Spreads calls over the instances of one upstream, in turn. An instance whose connection broke is skipped for a while;
 * when all are, they are tried all the same.
 */
export function balance<Request, Response>(
  handlers: readonly Handler<Request, Response>[],
  { clock, restMs }: Options,
): Handler<Request, Response> {
  const [only, ...others] = handlers;
  if (only !== undefined && others.length === 0) return only;
  const instances = handlers.map((handle): Instance<Request, Response> => ({ handle, deadUntil: 0 }));
  let turn = 0;
  const next = (): Instance<Request, Response> => {
    const now = clock.now();
    const alive = instances.filter(({ deadUntil }) => deadUntil <= now);
    const choice = alive.length > 0 ? alive : instances;
    const chosen = choice[turn++ % choice.length];
    if (chosen === undefined) throw new Error('An upstream needs at least one instance.');
    return chosen;
  };
  return async (request) => {
    const instance = next();
    try {
      return await instance.handle(request);
    } catch (error) {
      if (error instanceof ExpectedError && error.code === 'UPSTREAM_UNAVAILABLE') instance.deadUntil = clock.now() + restMs;
      throw error;
    }
  };
}
