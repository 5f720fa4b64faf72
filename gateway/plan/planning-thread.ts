import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { PlanningGround, PlanningTask } from '#kit/plan-maker.ts';
import type { PlanningAnswer } from './planning-worker.ts';

/** Makes plans, as JSON. */
export type PlanSource = AsyncDisposable & { readonly makePlan: (task: PlanningTask) => Promise<string> };

type Options = PlanningGround & {
  /** How long one plan may take. */
  readonly deadlineMs: number;
  /** Most operations that wait for their plan. */
  readonly maxWaiting: number;
  /** Largest heap of the thread. */
  readonly memoryMb: number;
  readonly clock: Clock;
};

/**
 * Plans in a thread of its own, one operation at a time, so that a hard one holds up nobody but those who need a plan too.
 * A thread that exceeds the deadline or its memory is replaced by a new one.
 * Plans fail with ExpectedError QUERY_PLANNING_TIMEOUT for an operation that was too hard, and OVERLOADED when too many wait.
 */
export function planningThread(options: Options): PlanSource {
  const { deadlineMs, maxWaiting, clock } = options;
  const oneByOne = pLimit(1);
  let thread = startThread(options);
  const plan = async (task: PlanningTask, since: number): Promise<string> => {
    if (clock.now() - since > 2 * deadlineMs) throw overloaded();
    try {
      return await thread.answer(task, deadlineMs);
    } catch (error) {
      if (thread.isGone()) thread = startThread(options);
      throw error;
    }
  };
  return {
    async makePlan(task) {
      if (oneByOne.activeCount + oneByOne.pendingCount > maxWaiting) throw overloaded();
      return oneByOne(plan, task, clock.now());
    },
    async [Symbol.asyncDispose]() {
      oneByOne.clearQueue();
      await thread.end();
    },
  };
}

type Thread = {
  readonly answer: (task: PlanningTask, deadlineMs: number) => Promise<string>;
  readonly isGone: () => boolean;
  readonly end: () => Promise<unknown>;
};

/** Room for the young objects of a plan or two: with all that V8 would take, the process is 90 MB larger and plans no faster. */
const youngMb = 24;

/** The deadline of a task begins when the thread is ready for it. */
function startThread({ sdl, maxEvaluatedPlans, memoryMb }: Options): Thread {
  const ground: PlanningGround = { sdl, maxEvaluatedPlans };
  const worker = new Worker(new URL('./planning-worker.ts', import.meta.url), {
    name: 'planner',
    workerData: ground,
    // It needs no secret, and no flag of this process.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: youngMb },
  });
  worker.unref();
  let gone = false;
  let listener: PromiseWithResolvers<PlanningAnswer> | undefined;
  const hear = (): Promise<PlanningAnswer> => {
    listener = Promise.withResolvers<PlanningAnswer>();
    listener.promise.catch(() => undefined);
    return listener.promise;
  };
  const lost = (cause: unknown): void => {
    gone = true;
    listener?.reject(new Error('The planning thread ended.', { cause }));
  };
  worker.on('message', (answer: PlanningAnswer) => listener?.resolve(answer));
  worker.on('error', lost).on('exit', lost);
  const ready = hear();
  const end = (): Promise<unknown> => {
    gone = true;
    return worker.terminate();
  };
  return {
    isGone: () => gone,
    end,
    async answer(task, deadlineMs) {
      await ready;
      const heard = hear().catch(() => undefined);
      worker.postMessage(task);
      using deadline = timer(deadlineMs);
      const answer = await Promise.race([heard, deadline.over]);
      if (answer === undefined) {
        await end();
        throw tooHard();
      }
      if (answer.kind === 'plan') return answer.json;
      throw new Error(`An operation cannot be planned: ${answer.kind === 'failed' ? answer.message : answer.kind}`);
    },
  };
}

function timer(ms: number): Disposable & { readonly over: Promise<undefined> } {
  const cancel = new AbortController();
  // What came while this thread was held up is heard before the time counts as over.
  const over = pause(ms, undefined, { signal: cancel.signal })
    .then(() => turn(undefined))
    .catch(() => undefined);
  return { over, [Symbol.dispose]: () => cancel.abort() };
}

export const tooHard = (): ExpectedError =>
  new ExpectedError(
    'QUERY_PLANNING_TIMEOUT',
    'This operation is too hard to plan; ask for less at once, or for the parts one by one.',
  );

const overloaded = (): ExpectedError =>
  new ExpectedError('OVERLOADED', 'Too many new operations wait for their plans; come back in a second.', {
    extensions: { retryAfter: 1 },
  });
