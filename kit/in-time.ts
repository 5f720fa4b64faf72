/**
 * Rejects when there is no answer after so many milliseconds in which this process had time to look. A timer that comes late
 * says that the process was busy: the answer may lie there unread, or the question unsent, so it waits anew.
 */
export function inTime<Answer>(answer: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let due = 0;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    due = performance.now() + timeoutMs;
    timer = setTimeout(look, timeoutMs);
  };
  const look = (): void => {
    if (performance.now() - due > timeoutMs / 2) wait();
    else reject(new Error(`There was no answer within ${timeoutMs} ms.`));
  };
  wait();
  answer.then(
    (found) => {
      clearTimeout(timer);
      resolve(found);
    },
    (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    },
  );
  return promise;
}
