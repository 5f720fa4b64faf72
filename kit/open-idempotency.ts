import type { Idempotency } from './idempotency.ts';
import { idempotencyInMemory, idempotencyInRedis } from './idempotency.ts';
import { closeRedis, openRedis, whenReady } from './redis.ts';
import { readRedisCa } from './secret-files.ts';

type Options = {
  /** Redis that every process of the deployment shares; without one, keys are known to this process alone. */
  readonly url: string | undefined;
  /** File with PEM certificates to trust for `rediss`, in place of the system's. */
  readonly caFile: string | undefined;
  readonly onError: (error: Error) => void;
};

type OpenIdempotency = AsyncDisposable & { readonly idempotency: Idempotency };

/** A write that waits for its key is a caller who waits: nothing is queued, and nothing is sent twice. */
const settings = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  connectTimeout: 1_000,
  commandTimeout: 1_000,
} as const;

/** Keys of the whole deployment, or of this process alone. */
export async function openIdempotency({ url, caFile, onError }: Options): Promise<OpenIdempotency> {
  if (url === undefined) return { idempotency: idempotencyInMemory(), [Symbol.asyncDispose]: async () => undefined };
  const ca = readRedisCa(caFile);
  const redis = openRedis({ url, ca, settings, onError });
  await whenReady(redis, settings.connectTimeout);
  return { idempotency: idempotencyInRedis(redis), [Symbol.asyncDispose]: () => closeRedis(redis) };
}
