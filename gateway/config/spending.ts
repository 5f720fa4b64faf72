import { z } from 'zod';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { count, countOrNone, flag, milliseconds } from './values.ts';

/** What operations cost, and how much of it callers may spend. */
export const spendingVariables = {
  /** False lets everybody do as much as he likes. */
  RATE_LIMIT_ENABLED: flag.default(true),
  /** Where budgets are kept: in Redis, for all replicas together, or in the memory of each; Redis where there is one. */
  RATE_LIMIT_STORAGE: z.enum(['redis', 'memory']).optional(),
  /** Redis of the limits, which must not evict; REDIS_URL when left out. */
  RATE_LIMIT_STORAGE_URL: z.string().refine(isRedisUrl, redisUrlRule).optional(),
  /** How many replicas share the budgets: each decides by so large a part alone while Redis is away. */
  REPLICAS: count.default(4),
  /** True lets plans shrink to a half and a tenth while the event loop or the heap of this process is overloaded. */
  ADAPTIVE_RATE_LIMITING: flag.default(false),
  /** Name of a stream in the Redis of REDIS_URL that is told of every hold, capture and expiry; none by default. */
  USAGE_STREAM: z.string().optional(),
  /** JSON file of plans in place of kit/plans.json; watched, a broken one leaves the old plans in force. */
  PLANS_PATH: z.string().optional(),
  PLANS_POLL_MS: milliseconds.default(2_000),
  /** Points that every mutation costs in addition; length of a list of which the schema says nothing. */
  COST_MUTATION_BASE: countOrNone.default(10),
  COST_DEFAULT_LIST_SIZE: count.default(10),
};

type Variables = Values<typeof spendingVariables>;

export const costSettings = (variables: Variables) => ({
  mutationBase: variables.COST_MUTATION_BASE,
  defaultListSize: variables.COST_DEFAULT_LIST_SIZE,
});

type Elsewhere = { readonly REQUEST_TIMEOUT_MS: number; readonly WORKERS: number };

/** @throws Error where Redis is wanted and none is named */
export function rateLimitSettings(variables: Variables & ProcessVariables, { REQUEST_TIMEOUT_MS, WORKERS }: Elsewhere) {
  const { RATE_LIMIT_STORAGE_URL, REDIS_URL, RATE_LIMIT_STORAGE: storage } = variables;
  const url = RATE_LIMIT_STORAGE_URL ?? REDIS_URL;
  if (storage === 'redis' && url === undefined)
    throw new Error('RATE_LIMIT_STORAGE_URL: is not set, nor is REDIS_URL; RATE_LIMIT_STORAGE=redis needs one of them');
  return {
    enabled: variables.RATE_LIMIT_ENABLED,
    redisUrl: storage === 'memory' ? undefined : url,
    redisCaFile: variables.REDIS_CA_FILE,
    replicas: variables.REPLICAS * WORKERS,
    plansPath: variables.PLANS_PATH,
    plansPollMs: variables.PLANS_POLL_MS,
    adaptive: variables.ADAPTIVE_RATE_LIMITING,
    // Longer than any request runs.
    lifetimeMs: REQUEST_TIMEOUT_MS + 5_000,
  };
}

/** Undefined where no stream is wanted. */
export function usageStream({ USAGE_STREAM: stream, REDIS_URL: url, REDIS_CA_FILE: caFile }: Variables & ProcessVariables) {
  if (stream === undefined) return undefined;
  if (url === undefined) throw new Error('REDIS_URL: is not set, and USAGE_STREAM needs it');
  return Object.freeze({ stream, url, caFile });
}
