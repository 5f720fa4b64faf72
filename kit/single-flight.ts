/** Callers that ask for the same key while it is under way share one run; nothing is kept afterwards. */
export function singleFlight<Value>(): (key: string, run: () => Promise<Value>) => Promise<Value> {
  const running = new Map<string, Promise<Value>>();
  return (key, run) => {
    const joined = running.get(key);
    if (joined !== undefined) return joined;
    const started = run().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
