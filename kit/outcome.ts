import { ExpectedError } from './errors.ts';

type Write<Value> = {
  readonly write: () => Promise<Value>;
  /** Reads again whether the write took effect. */
  readonly isCommitted: () => Promise<boolean>;
};

const unclear = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_INVALID_RESPONSE']);

/** True for a failure after which a write may have taken effect; a refusal says that it has not. */
export const isUnclear = (error: unknown): boolean => !(error instanceof ExpectedError) || unclear.has(error.code);

/**
 * Writes once, never again: a service may fail after it has committed. After such a failure the truth is read, and the
 * error says `outcome: COMMITTED` when the write took effect and `UNKNOWN` when that cannot be told.
 */
export async function writeOnce<Value>({ write, isCommitted }: Write<Value>): Promise<Value> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ExpectedError) || !isUnclear(error)) throw error;
    const committed = await isCommitted().catch(() => false);
    throw withOutcome(error, committed ? 'COMMITTED' : 'UNKNOWN');
  }
}

/** The same failure of a write; when it may have taken effect, the error says `outcome: UNKNOWN`. */
export const unknownOutcome = (error: ExpectedError): ExpectedError =>
  unclear.has(error.code) ? withOutcome(error, 'UNKNOWN') : error;

/** The same failure, with what became of the write; repeating it by itself would not be safe. */
function withOutcome(error: ExpectedError, outcome: 'COMMITTED' | 'UNKNOWN'): ExpectedError {
  return new ExpectedError(error.code, error.message, {
    cause: error.cause,
    extensions: { ...error.extensions, retryable: false, outcome },
  });
}
