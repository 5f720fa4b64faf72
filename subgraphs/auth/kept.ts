import type { Clock } from '#kit/clock.ts';
import { singleFlight } from '#kit/single-flight.ts';

export type Kept<Value> = {
  /** The value, loaded first when there is none or its time is over. */
  readonly get: () => Promise<Value>;
  /** Drops the value unless another has taken its place. */
  readonly forget: (value: Value) => void;
};

/** A value and when its time is over, in milliseconds since the epoch. */
export type Until<Value> = { readonly value: Value; readonly until: number };

/** One value for the whole process; whoever needs it while it is loaded shares the load. A failed load keeps nothing. */
export function kept<Value>(load: () => Promise<Until<Value>>, clock: Clock): Kept<Value> {
  const shared = singleFlight<Value>();
  let current: Until<Value> | undefined;
  const renew = async (): Promise<Value> => {
    current = await load();
    return current.value;
  };
  return {
    get: async () => (current !== undefined && clock.now() < current.until ? current.value : shared('value', renew)),
    forget(value) {
      if (current?.value === value) current = undefined;
    },
  };
}
