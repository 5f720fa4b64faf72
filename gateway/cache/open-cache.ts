import { LRUCache } from 'lru-cache';
import type { FetchLayer, OperationLayer } from '#gateway/request.ts';
import type { Changed } from '#kit/changes.ts';
import type { Clock } from '#kit/clock.ts';
import type { Invalidation } from '#kit/invalidation.ts';
import { readRedisCa } from '#kit/secret-files.ts';
import { backgroundWork } from './background.ts';
import type { OnLookup } from './cached-reads.ts';
import { cachedReads } from './cached-reads.ts';
import { coalesce } from './coalesce.ts';
import { flights } from './flights.ts';
import { tagsOf } from './invalidate.ts';
import { invalidation } from './invalidation.ts';
import { invalidationStream } from './invalidation-stream.ts';
import { cacheKeys } from './keys.ts';
import type { Shared } from './landing.ts';
import { flying } from './landing.ts';
import { lookups } from './lookup.ts';
import type { OnRaised, Relay, StoreSettings } from './open-store.ts';
import { openStore } from './open-store.ts';
import { partFetches } from './part-fetch.ts';
import { compilePolicy } from './policy.ts';
import type { CacheIndex, GraphIndex } from './schema-index.ts';
import { cacheIndex } from './schema-index.ts';
import type { OnCompared } from './shadow.ts';
import { shadow, shadowDraws } from './shadow.ts';
import type { Ages } from './sight.ts';
import { judge, sharedValues, valueIn } from './sight.ts';
import type { OnFault } from './store.ts';
import { typesOf } from './tags.ts';
import { turns } from './turns.ts';
import { wholeAnswers } from './whole-answers.ts';
import { compileWrites } from './writes.ts';

export type CacheSettings = {
  /** Hides organizations in the names of keys; the same one in all replicas. */
  readonly secret: string;
  readonly ages: Ages;
  readonly store: StoreSettings;
  /** Stream in Redis by which services invalidate; undefined where none is read. */
  readonly stream?: string | undefined;
  /** Share of the operations whose subgraphs are asked as well where the cache answers, to compare; from 0 to 1, 0 when left out. */
  readonly shadowRate?: number;
};

type Parts = {
  readonly settings: CacheSettings;
  readonly clock: Clock;
  /** From 0 to below 1; decides how much earlier than declared an answer runs out. */
  readonly random?: () => number;
  readonly onLookup?: OnLookup;
  readonly onCompared?: OnCompared;
  /** Hears what other processes and operators have changed, as soon as it is no longer served from here. */
  readonly onChanged?: (changed: Changed) => void;
  readonly onFault?: OnFault;
  /** Reaches the other processes of this machine, where each keeps answers in its own memory. */
  readonly relay?: Relay | undefined;
};

/** The layers that operations over one supergraph, and its calls to subgraphs, are wrapped in. */
export type CacheLayers = {
  /** Answers whole operations; innermost around planning and execution. */
  readonly answers: OperationLayer;
  /** Invalidates by mutations; outside of the deadline. */
  readonly written: FetchLayer;
  readonly reads: FetchLayer;
  readonly coalesce: FetchLayer;
  /** Invalidates by mutations that end after their deadline; innermost. */
  readonly writtenLate: FetchLayer;
};

export type Cache = AsyncDisposable & {
  /**
   * `shares` is true where nobody changes what these layers answer, so that many answers may hold one object.
   * @throws Error for a supergraph whose links cannot be read
   */
  readonly layersFor: (sdl: string, options: { readonly shares: boolean }) => CacheLayers;
  /** Lets be fetched anew what was kept of this, in every process. */
  readonly invalidate: (what: Invalidation) => Promise<void>;
  /** Whether Redis can be reached; false where there is none. */
  readonly isConnected: () => boolean;
  /** Gives up what this process holds in memory, for when that runs out. */
  readonly giveUp: () => void;
  /** Everything that was wrong with what is kept since the start. */
  readonly errors: () => number;
};

/** Texts of operations whose policy is remembered. */
const maxTexts = 2_000;

/** Opens the store; a Redis that is away keeps nobody from starting. @throws Error for certificates that cannot be read */
export async function openCache({
  settings,
  clock,
  random = Math.random,
  onLookup = ignore,
  onCompared = ignore,
  onChanged = ignore,
  onFault: tellFault = ignore,
  relay,
}: Parts): Promise<Cache> {
  const { ages, secret, shadowRate: rate = 0 } = settings;
  // Everything that was written, here or elsewhere, counts on.
  let generation = 0;
  const onWritten = (): void => {
    generation += 1;
  };
  const onRaised: OnRaised = (tags) => {
    onWritten();
    onChanged(tags === undefined ? 'all' : typesOf(tags));
  };
  let errors = 0;
  const onFault: OnFault = (fault) => {
    errors += 1;
    tellFault(fault);
  };
  const { redisCaFile } = settings.store;
  const ca = readRedisCa(redisCaFile);
  const store = await openStore({ settings: settings.store, ca, clock, onFault, onRaised, relay });
  const background = backgroundWork();
  const common = { store, background, random, ages, onFault };
  const shared = flights<Shared>();
  const partFetch = partFetches({ flights: shared, fly: flying({ ...common, flights: shared }), turns: turns(common) });
  const { now, renew } = store;
  const { maxEntries, maxBytes } = settings.store;
  const draws = rate > 0 ? shadowDraws({ rate, random }) : undefined;
  const answers = wholeAnswers({ now, renew, maxEntries, maxBytes, onLookup, passes: draws?.chooses });
  const { namespaceOf } = cacheKeys({ secret, epoch: '' });
  const layersFor: Cache['layersFor'] = (sdl, { shares }) => {
    const parsed = shares ? sharedValues() : valueIn;
    const judged = judge({ ages, now, random, onFault, parsed });
    const index = cacheIndex(sdl);
    const lookupOf = lookups({ policyOf: perText(index, compilePolicy), keys: cacheKeys({ secret, epoch: index.epoch }) });
    const reads = cachedReads({ lookupOf, store, judge: judged, partFetch, background, ages, onLookup, shares });
    return {
      answers: answers.layer,
      ...invalidation({ writtenBy: perText(index, compileWrites), store, background, onWritten }),
      reads: draws === undefined ? reads : shadow({ ...common, draws, lookupOf, onCompared, onReplaced: answers.giveUp })(reads),
      coalesce: coalesce({ generation: () => generation }),
    };
  };
  const invalidate = async (what: Invalidation): Promise<void> => {
    const tags = tagsOf(what, namespaceOf);
    onRaised(tags);
    await store.raise(tags);
  };
  const { redisUrl: url } = settings.store;
  const { stream } = settings;
  const heard = url && stream ? invalidationStream({ url, ca, stream, invalidate, onFault }) : undefined;
  return {
    layersFor,
    invalidate,
    isConnected: store.isConnected,
    giveUp() {
      answers.giveUp();
      store.giveUp();
    },
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      await heard?.[Symbol.asyncDispose]();
      await background[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const ignore = (): void => undefined;

/** Compiles each text of each subgraph once. */
function perText<Compiled extends object | undefined>(
  { graphOf }: CacheIndex,
  compile: (text: string, graph: GraphIndex) => Compiled,
) {
  const services = new Map<string, (text: string) => Compiled>();
  const compilerOf = (service: string): ((text: string) => Compiled) => {
    const graph = graphOf(service);
    const known = new LRUCache<string, { readonly compiled: Compiled }>({ max: maxTexts });
    return (text) => {
      const kept = known.get(text) ?? { compiled: compile(text, graph) };
      known.set(text, kept);
      return kept.compiled;
    };
  };
  return (service: string, text: string): Compiled => {
    const compiler = services.get(service) ?? compilerOf(service);
    services.set(service, compiler);
    return compiler(text);
  };
}
