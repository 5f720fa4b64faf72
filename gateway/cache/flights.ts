/** What is being fetched at the moment, so that whoever wants the same may wait for it. */
export type Flights<Value> = {
  /** Undefined where nothing of the key is under way; resolves to undefined when it was given up. */
  readonly join: (key: string) => Promise<Value | undefined> | undefined;
  /** Says that the key is under way, and returns how it ends. */
  readonly open: (key: string) => (value: Value | undefined) => void;
};

export function flights<Value>(): Flights<Value> {
  const running = new Map<string, Promise<Value | undefined>>();
  return {
    join: (key) => running.get(key),
    open(key) {
      const { promise, resolve } = Promise.withResolvers<Value | undefined>();
      running.set(key, promise);
      return (value) => {
        if (running.get(key) === promise) running.delete(key);
        resolve(value);
      };
    },
  };
}
