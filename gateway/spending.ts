import type { Logger } from 'pino';
import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import type { Organization } from '#kit/organizations/records.ts';
import { overrideReader } from '#kit/plans.ts';
import type { Config } from './config.ts';
import type { Organizations } from './organizations/open-organizations.ts';
import type { Account } from './rate-limit/account.ts';
import { ledgers } from './rate-limit/ledgers.ts';
import type { OnDecision } from './rate-limit/limiter.ts';
import type { Limits } from './rate-limit/open-limits.ts';
import { openLimits } from './rate-limit/open-limits.ts';
import { openUsageStream } from './rate-limit/open-usage-stream.ts';
import { usageLedger } from './rate-limit/usage-ledger.ts';

type Parts = {
  readonly organizations: Pick<Organizations, 'keyring' | 'usage'>;
  readonly logger: Logger;
  /** Hears of every decision: admitted, wait or never. */
  readonly onDecision?: OnDecision;
};

/** What limits operations, and what an organization or one person of it has left of its limits. */
type Spending = Limits & {
  readonly look: (
    organization: Organization,
    subject?: string,
  ) => Promise<Awaited<ReturnType<Limits['limiter']['look']>> & Pick<Account, 'plan' | 'limits'>>;
};

/** What callers may spend, and where it is written down; undefined where nothing is limited. */
export async function openSpending(
  { rateLimit, usageStream }: Config,
  { organizations, logger, onDecision }: Parts,
): Promise<Spending | undefined> {
  if (!rateLimit.enabled) return undefined;
  const { keyring, usage } = organizations;
  const clock = systemClock;
  const overridesOf = overrideReader();
  const looked = new WeakMap<Caller, Organization>();
  await using opening = new AsyncDisposableStack();
  const onLost = (entries: number, error?: unknown): void =>
    logger.warn({ err: error, reason: error, entries }, 'usage stream: entries lost');
  const stream = usageStream && opening.use(await openUsageStream({ ...usageStream, clock, onLost }));
  const limits = opening.use(
    await openLimits({
      settings: rateLimit,
      clock,
      ledger: ledgers([usageLedger({ usage, clock }), ...(stream === undefined ? [] : [stream])]),
      overrides: (caller) => overridesOf((looked.get(caller) ?? keyring.organizationOf(caller))?.limits, caller.keyId),
      onDecision,
      onTrouble: (what, detail) => logger.warn(detail, what),
    }),
  );
  const opened = opening.move();
  return {
    ...limits,
    async look(organization, subject) {
      const { id, plan } = organization;
      const kind = subject === undefined ? 'partner' : 'user';
      const caller: Caller = { ...stranger, kind, organization: id, plan, subject: subject ?? '' };
      looked.set(caller, organization);
      const account = limits.accountOf(caller, '');
      return { ...(await limits.limiter.look(account)), plan: account.plan, limits: account.limits };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
