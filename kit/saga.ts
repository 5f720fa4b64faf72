import { ExpectedError } from './errors.ts';
import { isUnclear } from './outcome.ts';

/** One write to one service, made at most once. */
export type Write<Clients, Value> = {
  readonly run: (clients: Clients) => Promise<Value>;
  /** Reads whether the write took effect: what is there then, or null. */
  readonly find: (clients: Clients) => Promise<Value | null>;
};

export type Step<Clients, Value> = Write<Clients, Value> & {
  /** What stands once the step is done, as a person would say it, for example `position assigned`. */
  readonly done: string;
  /** The writes that take it back, in their order; absent for a last step and for what undoing an earlier step takes along. */
  readonly undo?: (value: Value) => readonly Write<Clients, unknown>[];
};

export type SagaParts<Clients> = {
  /** The caller's; no step begins once it has ended. */
  readonly signal: AbortSignal;
  readonly clients: Clients;
  /** Clients that go on when the caller has gone, with a deadline of their own that begins now. */
  readonly detached: () => Clients;
  /** Is told what a person has to mend, because nobody may be there to read the answer. */
  readonly onLeftBehind: (error: Error) => void;
};

/** Does a step, or throws, after which the work is to throw as well. */
export type DoStep<Clients> = <Value>(step: Step<Clients, Value>) => Promise<Value>;

/**
 * Does several writes that belong together; when one fails, those before it are undone in reverse. A step that fails without
 * saying whether it took effect is read again: done, the work goes on; else it counts as refused.
 * @throws the failure of the step, as an ExpectedError with `outcome: ROLLED_BACK` when nothing of the work stands, or with
 * `outcome: UNKNOWN` and in `left` what may stand and has to be mended by hand
 */
export async function saga<Clients, Answer>(
  parts: SagaParts<Clients>,
  work: (step: DoStep<Clients>) => Promise<Answer>,
): Promise<Answer> {
  const { signal, clients, onLeftBehind } = parts;
  let aside: Clients | undefined;
  const detached = (): Clients => {
    aside ??= parts.detached();
    return aside;
  };
  const standing: Standing[] = [];
  const step: DoStep<Clients> = async (wanted) => {
    if (signal.aborted)
      throw new ExpectedError('GATEWAY_TIMEOUT', 'The caller left or the time was up before everything was done.');
    const value = await wanted.run(clients).catch(async (error: unknown) => {
      if (!isUnclear(error)) throw error;
      const found = await wanted.find(detached()).catch(() => null);
      if (found !== null) return found;
      // A service may still commit what it let us wait for in vain, so in the end this step is looked for once more.
      standing.unshift({ done: wanted.done, takeBack: () => takeBackIfFound(wanted, detached()) });
      throw error;
    });
    const undo = wanted.undo?.(value);
    if (undo !== undefined) standing.push({ done: wanted.done, takeBack: () => inTurn(undo, detached()) });
    return value;
  };
  try {
    return await work(step);
  } catch (error) {
    const left = await takeBack(standing);
    const told = withOutcome(error, left);
    if (left.length > 0) onLeftBehind(told);
    throw told;
  }
}

type Standing = { readonly done: string; readonly takeBack: () => Promise<void> };

/** The last step first; what cannot be taken back is no reason to leave the others. */
async function takeBack(standing: readonly Standing[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { done, takeBack } of standing.toReversed()) await takeBack().catch(() => void left.unshift(done));
  return left;
}

async function takeBackIfFound<Clients, Value>({ find, undo }: Step<Clients, Value>, clients: Clients): Promise<void> {
  const found = await find(clients);
  if (found === null) return;
  if (undo === undefined) throw new Error('The step took effect late and has no way back.');
  await inTurn(undo(found), clients);
}

/** Whoever took it back, it is taken back: a refusal is looked into as well. */
async function inTurn<Clients>(writes: readonly Write<Clients, unknown>[], clients: Clients): Promise<void> {
  for (const { run, find } of writes) {
    await run(clients).catch(async (error: unknown) => {
      if ((await find(clients)) === null) throw error;
    });
  }
}

function withOutcome(error: unknown, left: readonly string[]): Error {
  const mend = left.length === 0 ? '' : ` To be mended by hand: ${left.join(', ')}.`;
  if (!(error instanceof ExpectedError)) return new Error(`Several writes were broken off.${mend}`, { cause: error });
  const { code, message, cause, extensions } = error;
  const outcome = left.length === 0 ? { outcome: 'ROLLED_BACK' } : { retryable: false, outcome: 'UNKNOWN', left };
  return new ExpectedError(code, message + mend, { cause, extensions: { ...extensions, ...outcome } });
}
