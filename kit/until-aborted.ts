/** Settles as the work does, or throws what `onAbort` makes as soon as the signal ends; the work is not waited for then. */
export async function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal, onAbort: () => Error): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(onAbort());
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
