import type { Clock } from '#kit/clock.ts';

type Options = {
  readonly clock: Clock;
  /** How long one question may take. */
  readonly waitMs?: number;
  /** How long nothing is asked once several questions in a row failed; after that one question tries. */
  readonly restMs?: number;
};

const failuresInRow = 3;

/** Asks what may hang or fail. It rejects in time; what was asked goes on and may still have its effect. */
export function patience({ clock, waitMs = 1_000, restMs = 2_000 }: Options) {
  let failures = 0;
  let restUntil = 0;
  return async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    if (failures >= failuresInRow) {
      if (clock.now() < restUntil) throw new Error('It failed a moment ago.');
      // The others go on resting while this one tries.
      restUntil = clock.now() + restMs;
    }
    try {
      const answer = await within(waitMs, ask());
      failures = 0;
      return answer;
    } catch (error) {
      failures += 1;
      restUntil = clock.now() + restMs;
      throw error;
    }
  };
}

async function within<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`There was no answer within ${ms} ms.`)), ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
