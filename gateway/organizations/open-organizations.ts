import type { Clock } from '#kit/clock.ts';
import type { ChangeBus } from '#kit/organizations/change-bus.ts';
import type { KeyHasher } from '#kit/organizations/keys.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { openBus, openStore } from '#kit/organizations/open-store.ts';
import type { UsageRow } from '#kit/organizations/records.ts';
import type { Seed } from '#kit/organizations/seed.ts';
import { seed } from '#kit/organizations/seed.ts';
import type { OrganizationSettings } from '#kit/organizations/settings.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import type { AuditLog } from './audit-log.ts';
import { auditLog } from './audit-log.ts';
import type { Batch } from './batch.ts';
import { batch } from './batch.ts';
import type { Keyring } from './keyring.ts';
import { openKeyring } from './keyring.ts';
import type { RefusalLog } from './refusal-log.ts';
import { openRefusalLog } from './refusal-log.ts';

type Parts = {
  readonly settings: OrganizationSettings;
  readonly clock: Clock;
  /** Organizations of development; only an embedded store gets them. */
  readonly seeds: readonly Seed[];
  /** Hears of what failed beside the requests: batches that must be written again, a lost connection to Redis. */
  readonly onError: (error: unknown) => void;
};

export type Organizations = AsyncDisposable & {
  readonly store: OrganizationStore;
  readonly bus: ChangeBus;
  readonly hasher: KeyHasher;
  readonly keyring: Keyring;
  readonly audit: AuditLog;
  readonly refusals: RefusalLog;
  /** Requests and points by organization, key and day. */
  readonly usage: Pick<Batch<UsageRow>, 'add'>;
};

/** Opens everything that requests need of organizations; closing writes what still waits. @throws Error naming a variable */
export async function openOrganizations({ settings, clock, seeds, onError }: Parts): Promise<Organizations> {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(await openStore(settings));
  const bus = opening.use(await openBus(settings, onError));
  const hasher = keyHasher(settings.peppers);
  if (settings.place?.kind === 'embedded') await seed(seeds, { store, hasher, clock });
  const { laboratory } = settings;
  const keyring = opening.use(openKeyring({ store, hasher, clock, bus, laboratory, onError }));
  const audit = opening.use(auditLog({ store, clock, onError }));
  const refusals = opening.use(openRefusalLog({ audit, clock }));
  const usage = opening.use(batch({ keyOf: usageKey, merge: joined, write: store.addUsage, onError }));
  const opened = opening.move();
  return { store, bus, hasher, keyring, audit, refusals, usage, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const usageKey = ({ organizationId, apiKeyId, day }: UsageRow): string => [organizationId, apiKeyId, day].join(' ');

const joined = (kept: UsageRow, added: UsageRow): UsageRow => ({
  ...kept,
  requests: kept.requests + added.requests,
  points: kept.points + added.points,
});
