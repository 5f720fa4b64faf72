import type { CacheLookup } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';

/** What an answer says of the cache: headers by lower-case name, and `extensions.cache` for operators. */
export type CacheReport = {
  readonly headers: Readonly<Record<string, string>>;
  readonly extension?: readonly Readonly<Record<string, unknown>>[];
};

type Answered = { readonly caller: Caller; readonly lookups: readonly CacheLookup[]; readonly isWhole: boolean };

/** Look-ups that `extensions.cache` lists at most. */
const maxListed = 200;

/** The least of what all parts of an answer allow; an answer with errors, or with a part that is not kept, allows nothing. */
export function cacheReport({ caller, lookups, isWhole }: Answered): CacheReport {
  if (lookups.length === 0) return { headers: {} };
  const seconds = Math.floor(Math.min(...lookups.map(({ ttlSeconds, ageSeconds }) => ttlSeconds - ageSeconds)));
  return {
    headers: isWhole && seconds > 0 ? freshHeaders(seconds, lookups, caller) : staleHeaders(lookups),
    ...(caller.scopes.includes('admin:operations') && { extension: lookups.slice(0, maxListed).map(listed) }),
  };
}

function freshHeaders(seconds: number, lookups: readonly CacheLookup[], { kind }: Caller): CacheReport['headers'] {
  // Beside the data, every other caller's answer tells of its own budget.
  const isPublic = kind === 'anonymous' && lookups.every(({ scope }) => scope === 'PUBLIC');
  const age = ageOf(lookups);
  // Caches take the age off: what is left of every part has to remain.
  return { 'cache-control': `max-age=${seconds + age}, ${isPublic ? 'public' : 'private'}`, age: String(age) };
}

/** By its age anybody sees that a part of an answer stands in for a newer one; nothing else may keep it. */
const staleHeaders = (lookups: readonly CacheLookup[]): CacheReport['headers'] =>
  lookups.some(({ status }) => status === 'stale') ? { age: String(ageOf(lookups)) } : {};

/** Of the oldest part, in whole seconds. */
const ageOf = (lookups: readonly CacheLookup[]): number => Math.floor(Math.max(...lookups.map(({ ageSeconds }) => ageSeconds)));

const listed = ({ subgraph, status, ageSeconds, ttlSeconds, tags }: CacheLookup) => ({
  subgraph,
  status,
  age: Math.round(ageSeconds),
  ttl: Math.round(ttlSeconds),
  tags,
});
