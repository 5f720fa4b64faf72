import type { Clock } from '#kit/clock.ts';
import type { RedisClient } from '#kit/redis.ts';
import type { Entry, Ledger } from './limiter.ts';

type Parts = {
  readonly redis: RedisClient;
  /** Name of the stream. */
  readonly stream: string;
  readonly clock: Clock;
  readonly everyMs?: number;
  /** About so many of the newest entries are kept in Redis. */
  readonly maxLength?: number;
  /** Entries that wait at most; further ones are lost. */
  readonly maxWaiting?: number;
  /** Hears how many entries were lost with a write. */
  readonly onLost: (entries: number, error?: unknown) => void;
};

type Moved = Entry & { readonly kind: keyof Ledger; readonly at: number };

/**
 * Writes every point that moves to a Redis stream, for invoices and analysis elsewhere: `kind`, `organization`, `key`,
 * `reservation`, `points`, `at` (milliseconds since the Unix epoch). It writes behind the requests, never waits for room,
 * and rather loses entries than tells one twice.
 */
export function streamLedger(parts: Parts): Ledger & AsyncDisposable {
  const { clock, everyMs = 1_000, maxWaiting = 10_000, onLost } = parts;
  let waiting: Moved[] = [];
  let overflowed = 0;
  const note =
    (kind: keyof Ledger) =>
    (entry: Entry): void => {
      if (waiting.length < maxWaiting) waiting.push({ ...entry, kind, at: clock.now() });
      else overflowed += 1;
    };
  const flush = async (): Promise<void> => {
    const entries = waiting;
    const lost = overflowed;
    waiting = [];
    overflowed = 0;
    if (lost > 0) onLost(lost);
    if (entries.length > 0) await write(entries, parts).catch((error: unknown) => onLost(entries.length, error));
  };
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(flush);
  }, everyMs).unref();
  return {
    held: note('held'),
    captured: note('captured'),
    expired: note('expired'),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
      await flush();
    },
  };
}

async function write(entries: readonly Moved[], { redis, stream, maxLength = 100_000, onLost }: Parts): Promise<void> {
  const pipeline = redis.pipeline();
  for (const entry of entries) pipeline.xadd(stream, 'MAXLEN', '~', maxLength, '*', ...fields(entry));
  const answers = (await pipeline.exec()) ?? [];
  const errors = answers.flatMap(([error]) => (error === null ? [] : [error]));
  if (errors.length > 0) onLost(errors.length, errors[0]);
}

const fields = ({ kind, organization, keyId, reservation, points, at }: Moved): readonly string[] =>
  Object.entries({ kind, organization, key: keyId, reservation, points: String(points), at: String(at) }).flat();
