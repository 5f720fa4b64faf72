/** Who waits, in their order; each is called when its turn has come. */
export type Queue = Set<() => void>;

/** Joins a queue, and resolves when its turn has come; who rejects must have left the queue. */
type Wait = (queue: Queue) => Promise<void>;

const patiently: Wait = (queue) => new Promise((turn) => queue.add(turn));

/** Lets so many pieces of work run at once; the others wait for their turn, the first one first. */
export function slots(most: number): <Result>(work: () => Promise<Result>, wait?: Wait) => Promise<Result> {
  const queue: Queue = new Set();
  let free = most;
  const leave = (): void => {
    const { value: next } = queue.values().next();
    if (next === undefined) {
      free += 1;
      return;
    }
    queue.delete(next);
    next();
  };
  return async (work, wait = patiently) => {
    if (free > 0) free -= 1;
    else await wait(queue);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
