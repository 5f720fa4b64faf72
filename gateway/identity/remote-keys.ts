import type { Clock } from '#kit/clock.ts';
import { restTransport } from '#kit/rest-transport.ts';
import { authUnavailable } from './auth-unavailable.ts';
import type { KeySet } from './key-set.ts';
import { readKeySet } from './key-set.ts';
import type { KeysOf } from './user-tokens.ts';

export type RemoteKeys = AsyncDisposable & {
  readonly keysOf: KeysOf;
  /** True once a key set was read, and as long as the last one may be used. */
  readonly ready: () => boolean;
};

type Parts = {
  readonly url: string;
  readonly algorithms: readonly string[];
  readonly clock: Clock;
  /** Hears of every attempt that brought no key set; the last good one goes on. */
  readonly onFailure: (error: unknown) => void;
  /** How often it is looked whether a fetch is due. */
  readonly lookEveryMs?: number;
};

/** A set is asked for anew after this time, so that a key taken out stops working. */
const refreshMs = 10 * 60_000;
/** Never more than one fetch in this time once there is a set, whatever key ids come. */
const pauseMs = 30_000;
/** Without any set the gateway can serve nobody, and asks more often. */
const startPauseMs = 5_000;
/** The last good set serves so long while no newer one can be had. */
const lastGoodMs = 24 * 60 * 60_000;

/** The public keys of an issuer, fetched from its JWKS address; the first fetch begins at once. */
export function remoteKeys({ url, algorithms, clock, onFailure, lookEveryMs = 1_000 }: Parts): RemoteKeys {
  const { origin, pathname, search } = new URL(url);
  const transport = restTransport({ service: 'jwks', origin, timeoutMs: 2_000, maxBytes: 64 * 1024, connections: 1 });
  const closed = new AbortController();
  let running: Promise<void> | undefined;
  let good: { readonly set: KeySet; readonly readAt: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;

  const fetchSet = async (): Promise<void> => {
    askedAt = clock.now();
    try {
      const headers = { accept: 'application/json' };
      const answer = await transport.handle({ method: 'GET', path: pathname + search, headers, signal: closed.signal });
      good = { set: await readKeySet(answer, algorithms), readAt: clock.now() };
    } catch (error) {
      if (!closed.signal.aborted) onFailure(error);
    }
  };
  const refresh = (): Promise<void> => {
    running ??= fetchSet().finally(() => {
      running = undefined;
    });
    return running;
  };
  const mayAsk = (): boolean => clock.now() - askedAt >= (good === undefined ? startPauseMs : pauseMs);
  const isUsable = (): boolean => good !== undefined && clock.now() - good.readAt < lastGoodMs;
  const isDue = (): boolean => mayAsk() && (good === undefined || clock.now() - good.readAt >= refreshMs);
  const timer = setInterval(() => void (isDue() && refresh()), lookEveryMs);
  timer.unref();
  void refresh();

  return {
    ready: isUsable,
    async keysOf({ kid, alg }) {
      if (kid === undefined) return [];
      if (good?.set.has(kid) !== true && (running !== undefined || mayAsk())) await refresh();
      if (good === undefined || !isUsable()) throw authUnavailable();
      const found = good.set.get(kid);
      return found?.algorithm === alg ? [found.key] : [];
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      clearInterval(timer);
      await transport[Symbol.asyncDispose]();
    },
  };
}
