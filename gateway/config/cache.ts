import { z } from 'zod';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { count, flag, milliseconds } from './values.ts';

const seconds = z.coerce.number().int().min(0);

/** How long answers of subgraphs are kept, and where. */
export const cacheVariables = {
  /** False keeps nothing, and makes one call of each read also where many ask for the same at once. */
  CACHE_ENABLED: flag.default(true),
  /** Redis of the cache, which may evict (`maxmemory-policy allkeys-lfu`); that of REDIS_URL by default, memory without either. */
  REDIS_CACHE_URL: z.string().refine(isRedisUrl, redisUrlRule).optional(),
  /** SQLite file that keeps answers beyond a restart where there is no Redis; for the processes of one machine. */
  CACHE_DB: z.string().optional(),
  /** Stream in that Redis into which services write what they have changed. */
  CACHE_INVALIDATION_STREAM: z.string().default('cache:invalidate'),
  /** Longest time that any answer is fresh, whatever is declared; one day. */
  CACHE_MAX_AGE_SECONDS: seconds.max(86_400).default(86_400),
  /** So long after its time an answer is still served while a newer one is fetched. */
  CACHE_STALE_SECONDS: seconds.max(30).default(30),
  /** So long after its time an answer stands in for one that its subgraph fails to give. */
  CACHE_STALE_IF_ERROR_SECONDS: seconds.max(600).default(600),
  /** Share of the operations whose subgraphs are asked as well where the cache answers, from 0 to 1, to find wrong answers. */
  CACHE_SHADOW_RATE: z.coerce.number().min(0).max(1).default(0),
  /** How long it is remembered that something is not there. */
  CACHE_NEGATIVE_SECONDS: seconds.max(60).default(5),
  /** Entries in the memory of a process, or in the file, and bytes of them. */
  CACHE_MAX_ENTRIES: count.default(5_000),
  CACHE_MAX_BYTES: count.default(32 * 1024 * 1024),
  /** So long an entry in memory is served without asking Redis. */
  CACHE_NEAR_MS: milliseconds.max(2_000).default(2_000),
  /** How long Redis may take for an answer, and to confirm a write. */
  CACHE_READ_TIMEOUT_MS: milliseconds.default(30),
  CACHE_WRITE_TIMEOUT_MS: milliseconds.default(100),
};

/** Undefined where nothing is kept. */
export function cacheSettings(variables: Values<typeof cacheVariables> & ProcessVariables) {
  if (!variables.CACHE_ENABLED) return undefined;
  const ages = Object.freeze({
    maxAgeSeconds: variables.CACHE_MAX_AGE_SECONDS,
    staleSeconds: variables.CACHE_STALE_SECONDS,
    staleIfErrorSeconds: variables.CACHE_STALE_IF_ERROR_SECONDS,
    negativeSeconds: variables.CACHE_NEGATIVE_SECONDS,
  });
  const store = Object.freeze({
    redisUrl: variables.REDIS_CACHE_URL ?? variables.REDIS_URL,
    redisCaFile: variables.REDIS_CA_FILE,
    file: variables.CACHE_DB,
    maxEntries: variables.CACHE_MAX_ENTRIES,
    maxBytes: variables.CACHE_MAX_BYTES,
    nearMs: variables.CACHE_NEAR_MS,
    readTimeoutMs: variables.CACHE_READ_TIMEOUT_MS,
    writeTimeoutMs: variables.CACHE_WRITE_TIMEOUT_MS,
    longestMs: (ages.maxAgeSeconds + Math.max(ages.staleSeconds, ages.staleIfErrorSeconds)) * 1_000,
  });
  return Object.freeze({
    secret: variables.SUBGRAPH_SECRET,
    ages,
    store,
    stream: variables.CACHE_INVALIDATION_STREAM,
    shadowRate: variables.CACHE_SHADOW_RATE,
  });
}
