import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import type { PlanOverride, Plans } from '#kit/plans.ts';
import { readPlans, shippedPlans } from '#kit/plans.ts';
import { polledText } from '#kit/polled-text.ts';
import { processLoad } from '#kit/process-load.ts';
import { closeRedis, openRedis, whenReady } from '#kit/redis.ts';
import { readNamedText, readRedisCa } from '#kit/secret-files.ts';
import type { Account } from './account.ts';
import { accounts } from './account.ts';
import type { Bucket } from './bucket.ts';
import { heedEviction } from './eviction.ts';
import { failoverBucket } from './failover-bucket.ts';
import type { Ledger, Limiter, OnDecision } from './limiter.ts';
import { limiter } from './limiter.ts';
import { loadWatch } from './load.ts';
import { memoryBucket } from './memory-bucket.ts';
import { limiterSettings, redisBucket } from './redis-bucket.ts';
import { sweeper } from './sweeper.ts';

type LimitSettings = {
  /** Redis of all replicas; without one each replica keeps its own books. */
  readonly redisUrl: string | undefined;
  readonly redisCaFile: string | undefined;
  /** How many replicas share a budget, for the time when Redis is away. */
  readonly replicas: number;
  /** File of plans in place of those that come along; watched. */
  readonly plansPath: string | undefined;
  readonly plansPollMs: number;
  /** After so long an open reservation is charged in full. */
  readonly lifetimeMs: number;
  /** Whether plans shrink while this process is overloaded. */
  readonly adaptive: boolean;
};

type Parts = {
  readonly settings: LimitSettings;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly overrides: (caller: Caller) => readonly PlanOverride[];
  /** Hears of every decision: admitted, wait or never. */
  readonly onDecision?: OnDecision | undefined;
  /** Hears of what should not be: plans that cannot be read, a plan nobody described, Redis away and back. */
  readonly onTrouble: (what: string, detail: object) => void;
};

/** What limits operations: who pays, by which plan, and out of which books. */
export type Limits = AsyncDisposable & {
  readonly limiter: Limiter;
  readonly accountOf: (caller: Caller, address: string) => Account;
  readonly clock: Clock;
  /** True while this replica decides alone. */
  readonly degraded: () => boolean;
  /** Reads the plans at once; rejects when they cannot be read, and the old ones go on. */
  readonly reloadPlans: () => Promise<void>;
};

export async function openLimits({ settings, clock, ledger, overrides, onDecision, onTrouble }: Parts): Promise<Limits> {
  await using opening = new AsyncDisposableStack();
  const plans = opening.use(await openPlans(settings, onTrouble));
  const { bucket, degraded } = await openBucket(settings, { clock, onTrouble, opening });
  const accountOf = accounts({
    plans: plans.current,
    overrides,
    clock,
    loadFactor: settings.adaptive ? watchLoad(opening) : undefined,
    onMissingPlan: once((plan) => onTrouble('unknown plan, counted as default', { plan })),
  });
  const limits = limiter({ bucket, ledger, lifetimeMs: settings.lifetimeMs, ...(onDecision && { onDecision }) });
  opening.defer(limits.booked);
  const sweep = opening.use(sweeper({ settle: limits.settle, everyMs: settings.lifetimeMs }));
  const opened = opening.move();
  return {
    limiter: limits,
    accountOf: (caller, address) => sweep.seen(accountOf(caller, address)),
    clock,
    degraded,
    reloadPlans: plans.reload,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function watchLoad(opening: AsyncDisposableStack): () => number {
  const { measure } = opening.use(processLoad());
  return opening.use(loadWatch({ measure })).factor;
}

/** Hears of each name once, not with every request. */
function once(hear: (name: string) => void): (name: string) => void {
  const heard = new Set<string>();
  return (name) => {
    if (!heard.has(name)) hear(name);
    heard.add(name);
  };
}

type OpenPlans = AsyncDisposable & { readonly current: () => Plans; readonly reload: () => Promise<void> };

/** The plans of this moment; a file that cannot be read leaves the old ones in force. */
async function openPlans({ plansPath, plansPollMs }: LimitSettings, onTrouble: Parts['onTrouble']): Promise<OpenPlans> {
  const path = plansPath ?? shippedPlans;
  const source = await polledText({ everyMs: plansPollMs, read: () => readNamedText('PLANS_PATH', path) });
  let plans = firstPlans(source.text);
  const refused = (error: unknown): void => onTrouble('plans refused; the old ones go on', { err: error, reason: error });
  source.watch({
    onChange(text) {
      try {
        plans = readPlans(text);
      } catch (error) {
        refused(error);
      }
    },
    onFailure: refused,
  });
  return {
    current: () => plans,
    async reload() {
      plans = readPlans(await source.read());
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function firstPlans(text: string): Plans {
  try {
    return readPlans(text);
  } catch (cause) {
    throw new Error(`PLANS_PATH: ${(cause as Error).message}`, { cause });
  }
}

type BucketParts = Pick<Parts, 'clock' | 'onTrouble'> & { readonly opening: AsyncDisposableStack };
type OpenBucket = { readonly bucket: Bucket; readonly degraded: () => boolean };

async function openBucket(settings: LimitSettings, { clock, onTrouble, opening }: BucketParts): Promise<OpenBucket> {
  const { redisUrl, redisCaFile, replicas } = settings;
  if (redisUrl === undefined) return { bucket: memoryBucket({ clock }), degraded: () => false };
  const ca = readRedisCa(redisCaFile);
  const redis = openRedis({ url: redisUrl, ca, settings: limiterSettings });
  opening.defer(() => closeRedis(redis));
  await whenReady(redis, limiterSettings.connectTimeout);
  await heedEviction(redis, onTrouble);
  const bucket = failoverBucket({
    shared: redisBucket(redis),
    local: memoryBucket({ clock }),
    replicas,
    onDegraded: (degraded) => onTrouble(degraded ? 'limits are decided alone' : 'limits are shared again', {}),
    onLostCapture: () => onTrouble('a capture was lost; its reservation ends charged', {}),
  });
  return { bucket, degraded: bucket.degraded };
}
