import { setTimeout as pause } from 'node:timers/promises';
import { openCache } from '#gateway/cache/open-cache.ts';
import type { CacheLookup } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { partnerScopes, stranger } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import type { UpstreamSettings } from '#kit/upstream-settings.ts';
import { testSettings } from '#test/gateway/cache/library.ts';
import { administrator } from '#test/harness/callers.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import type { Suspect } from './canaries.ts';
import { ownerOf, suspects } from './canaries.ts';

export type Asker = { readonly name: string; readonly caller: Caller; readonly suspect: Suspect | undefined };

const scopeSets: readonly (readonly string[])[] = [
  partnerScopes,
  partnerScopes.filter((scope) => scope.endsWith(':read')),
  ['samples:read'],
];

/** Of each organization two keys with all that a key may do, one that only reads, one for samples alone, and two people. */
const askersOf = (suspect: Suspect): readonly Asker[] => {
  const keys = [0, 0, 1, 2].map((set, number): Asker => {
    const id = `${suspect.id}-key-${number}`;
    return {
      name: id,
      suspect,
      caller: { ...suspect.caller, subject: id, keyId: id, scopes: scopeSets[set] as readonly string[] },
    };
  });
  const people = [0, 1].map((number): Asker => {
    const { keyId: _, ...caller } = suspect.caller;
    const name = `${suspect.id}-person-${number}`;
    return { name, suspect, caller: { ...caller, kind: 'user', subject: `05e70000-0000-4000-8000-00000000000${number + 1}` } };
  });
  return [...keys, ...people];
};

export const askers: readonly Asker[] = suspects.flatMap(askersOf);

/** Somebody who sees the data of all organizations, and leaves it in the cache. */
export const laboratoryAsker: Asker = { name: 'laboratory', caller: administrator, suspect: undefined };

type Question = { readonly text: string; readonly variables: Record<string, unknown>; readonly asker: Asker };

export type Laboratories = AsyncDisposable & {
  readonly cached: readonly [LaboratoryUnderTest, LaboratoryUnderTest];
  /** Over the same services, with no cache. */
  readonly plain: LaboratoryUnderTest;
  /** How often look-ups ended how, in both. */
  readonly statuses: Map<CacheLookup['status'], number>;
  readonly ask: (where: LaboratoryUnderTest, question: Question) => ReturnType<LaboratoryUnderTest['gateway']['query']>;
};

/** Two gateways with caches of their own over one Redis, and one without, all over the services of fifty organizations. */
export async function startLaboratories(redisUrl: string, settings: Partial<UpstreamSettings> = {}): Promise<Laboratories> {
  await using opening = new AsyncDisposableStack();
  const callers = new Map([...askers, laboratoryAsker].map(({ name, caller }) => [name, caller]));
  const identify = async ({ headers }: { readonly headers: Record<string, unknown> }) =>
    callers.get(String(headers['x-caller'])) ?? stranger;
  const statuses: Laboratories['statuses'] = new Map();
  const kept = testSettings({ redisUrl, secret: crypto.randomUUID() });
  const cacheOf = async () =>
    opening.use(
      await openCache({
        settings: kept,
        clock: systemClock,
        onLookup: ({ status }) => statuses.set(status, (statuses.get(status) ?? 0) + 1),
      }),
    );
  const store = opening.use(openEmbeddedStore(':memory:'));
  const common = { identify, settings, organizations: { store, bus: localBus(), hasher: keyHasher({ current: 'pepper' }) } };
  const one = opening.use(await startLaboratory({ ...common, ownerOf, cache: await cacheOf() }));
  const other = opening.use(await startLaboratory({ ...common, urls: one.urls, cache: await cacheOf() }));
  const plain = opening.use(await startLaboratory({ ...common, urls: one.urls }));
  await pause(50);
  const opened = opening.move();
  return {
    cached: [one, other],
    plain,
    statuses,
    ask: ({ gateway }, { text, variables, asker }) =>
      gateway.query(text, variables, {
        'x-caller': asker.name,
        ...(asker.suspect && { cookie: `session=${asker.suspect.mark}` }),
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
