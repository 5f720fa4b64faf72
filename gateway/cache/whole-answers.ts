import { LRUCache } from 'lru-cache';
import type { CacheLookup, OperationLayer, RequestContext } from '#gateway/request.ts';
import type { AnswerKeys } from './answer-keys.ts';
import { answerKeys } from './answer-keys.ts';
import type { OnLookup } from './cached-reads.ts';
import type { Renew } from './near-store.ts';
import type { WholeAnswer } from './whole-answer.ts';
import { lookupsAt, wholeAnswer } from './whole-answer.ts';

export type WholeAnswers = {
  readonly layer: OperationLayer;
  /** Gives up all of them. */
  readonly giveUp: () => void;
};

type Options = {
  readonly renew: Renew;
  /** The store's clock. */
  readonly now: () => number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly onLookup: OnLookup;
  /** Whether an operation, known by its look-ups, is to be answered part by part. */
  readonly passes?: ((lookups: readonly CacheLookup[]) => boolean) | undefined;
};

/**
 * Answers an operation out of this process where it was answered before by kept parts alone, for as long as each of them would
 * be served again, and tells what would have been looked up.
 */
export function wholeAnswers({ renew, now, maxEntries, maxBytes, onLookup, passes }: Options): WholeAnswers {
  const answers = new LRUCache<string, WholeAnswer>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => Math.max(1, Math.ceil(bytes)),
  });
  const keysOf = answerKeys();
  const good = async (key: string): Promise<WholeAnswer | undefined> => {
    const answer = answers.get(key);
    if (answer === undefined) return undefined;
    const basis = now() < answer.endsAt ? await renew(answer.basis) : undefined;
    if (basis !== undefined && now() < answer.endsAt) {
      answer.basis = basis;
      return answer;
    }
    if (answers.peek(key) === answer) answers.delete(key);
    return undefined;
  };
  const keep = ({ common, own }: AnswerKeys, answer: WholeAnswer | undefined): void => {
    if (answer !== undefined) answers.set(answer.isPrivate ? own() : common, answer);
  };
  const tell = (answer: WholeAnswer, { outcome }: RequestContext): void => {
    for (const { times, ...lookup } of answer.counts) onLookup(lookup, times);
    outcome.lookups?.push(...lookupsAt(answer, now()));
  };
  const layer: OperationLayer = (next) => async (admission) => {
    const { context } = admission;
    const { lookups } = context.outcome;
    if (lookups === undefined || passes?.(lookups) === true) return next(admission);
    const keys = keysOf(admission);
    if (keys === undefined) return next(admission);
    // Who is read to from what is for everybody of the same border would be read the same; only then may something be their own.
    const answer = (await good(keys.common)) ?? (await good(keys.own()));
    if (answer !== undefined) {
      tell(answer, context);
      return { data: answer.data };
    }
    const before = lookups.length;
    const result = await next(admission);
    keep(keys, wholeAnswer(result, lookups.slice(before)));
    return result;
  };
  return { layer, giveUp: () => answers.clear() };
}
