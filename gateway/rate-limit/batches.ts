import type { HoldRequest, Policy } from './bucket.ts';

export type Verb = 'hold' | 'charge' | 'capture' | 'settle';

/** One thing that is asked of a budget; `amount` is in points. */
export type Step = { readonly verb: Verb; readonly request: HoldRequest; readonly amount: number };

/** Steps of one organization under the same policies, in the order in which they were asked. */
export type Batch = readonly [Step, ...Step[]];

type Waiting<Answer> = {
  readonly batch: [Step, ...Step[]];
  readonly answered: { readonly resolve: (answer: Answer) => void; readonly reject: (error: unknown) => void }[];
};

/** So many steps at most hold up a Redis that serves others too. */
const maxSteps = 50;

/**
 * Asks together what one organization asks within one turn of the event loop: a call costs more than what it says. `send`
 * gives one answer for each step. Nothing waits for a timer, and captures wait for nothing.
 */
export function inBatches<Answer>(send: (batch: Batch) => Promise<readonly Answer[]>): (step: Step) => Promise<Answer> {
  let waiting: Waiting<Answer>[] = [];
  let open = new Map<string, Waiting<Answer>>();
  const flush = (): void => {
    const due = waiting;
    waiting = [];
    open = new Map();
    for (const { batch, answered } of due)
      send(batch).then(
        (answers) => {
          for (const [n, answer] of answers.entries()) answered[n]?.resolve(answer);
        },
        (error: unknown) => {
          for (const { reject } of answered) reject(error);
        },
      );
  };
  const join = (step: Step): Waiting<Answer> => {
    const { organization } = step.request;
    const known = open.get(organization);
    if (known !== undefined && fits(step, known.batch)) {
      known.batch.push(step);
      return known;
    }
    const fresh: Waiting<Answer> = { batch: [step], answered: [] };
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(fresh);
    open.set(organization, fresh);
    return fresh;
  };
  return (step) =>
    new Promise((resolve, reject) => {
      join(step).answered.push({ resolve, reject });
      // It is on its way before the answer is, so that whoever asks next, anywhere, finds it booked; others go along.
      if (step.verb === 'capture') queueMicrotask(flush);
    });
}

const fits = ({ request }: Step, batch: Batch): boolean =>
  batch.length < maxSteps && areAlike(request.policies, batch[0].request.policies);

const areAlike = (left: readonly Policy[], right: readonly Policy[]): boolean =>
  left === right ||
  (left.length === right.length &&
    left.every(({ name, capacity, perSecond }, n) => {
      const other = right[n];
      return name === other?.name && capacity === other.capacity && perSecond === other.perSecond;
    }));
