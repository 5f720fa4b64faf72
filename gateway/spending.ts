import type { Logger } from 'pino';
import { systemClock } from '#kit/clock.ts';
import { overrideReader } from '#kit/plans.ts';
import type { Config } from './config.ts';
import type { Organizations } from './organizations/open-organizations.ts';
import { ledgers } from './rate-limit/ledgers.ts';
import type { Limits } from './rate-limit/open-limits.ts';
import { openLimits } from './rate-limit/open-limits.ts';
import { openUsageStream } from './rate-limit/open-usage-stream.ts';
import { usageLedger } from './rate-limit/usage-ledger.ts';

type Parts = {
  readonly organizations: Pick<Organizations, 'keyring' | 'usage'>;
  readonly logger: Logger;
  /** Hears of every decision: admitted, wait or never. */
  readonly onDecision?: (decision: string, plan: string) => void;
};

/** What callers may spend, and where it is written down; undefined where nothing is limited. */
export async function openSpending(
  { rateLimit, usageStream }: Config,
  { organizations, logger, onDecision }: Parts,
): Promise<Limits | undefined> {
  if (!rateLimit.enabled) return undefined;
  const { keyring, usage } = organizations;
  const clock = systemClock;
  const overridesOf = overrideReader();
  await using opening = new AsyncDisposableStack();
  const onLost = (entries: number, error?: unknown): void => logger.warn({ err: error, entries }, 'usage stream: entries lost');
  const stream = usageStream && opening.use(await openUsageStream({ ...usageStream, clock, onLost }));
  const limits = opening.use(
    await openLimits({
      settings: rateLimit,
      clock,
      ledger: ledgers([usageLedger({ usage, clock }), ...(stream === undefined ? [] : [stream])]),
      overrides: (caller) => overridesOf(keyring.organizationOf(caller)?.limits, caller.keyId),
      onDecision,
      onTrouble: (what, detail) => logger.warn(detail, what),
    }),
  );
  const opened = opening.move();
  return { ...limits, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
