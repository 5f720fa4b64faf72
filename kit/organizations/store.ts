import type { ApiKey, AuditEvent, Organization, UsageRow } from './records.ts';

export type OrganizationChanges = Partial<Pick<Organization, 'plan' | 'status' | 'limits' | 'graphCredential'>>;

type ApiKeyChanges = Partial<Pick<ApiKey, 'isActive' | 'replacedBy' | 'overlapUntil'>>;

/** Uses of one key since they were last counted. */
export type KeyUse = { readonly id: string; readonly uses: number; readonly lastUsedAt: Date };

/**
 * Where organizations, their keys, the audit log and the daily usage are kept. Two kinds behave alike: a file of
 * SQLite and MongoDB. No method changes more than one record that could be torn, so none needs transactions of the server.
 */
export type OrganizationStore = AsyncDisposable & {
  /** Makes the tables or indexes that are missing; a second time changes nothing. */
  readonly migrate: () => Promise<void>;
  /** Rejects when the store cannot be asked. */
  readonly ping: () => Promise<void>;

  /** False when the id is taken. */
  readonly addOrganization: (organization: Organization) => Promise<boolean>;
  readonly organization: (id: string) => Promise<Organization | undefined>;
  /** All of them, by id. */
  readonly organizations: () => Promise<readonly Organization[]>;
  /** The organization as it is afterwards. */
  readonly updateOrganization: (id: string, changes: OrganizationChanges) => Promise<Organization | undefined>;

  /** False when the id or the hash is taken. */
  readonly addKey: (key: ApiKey) => Promise<boolean>;
  readonly key: (id: string) => Promise<ApiKey | undefined>;
  /** The key with one of these hashes, of which there are one or two. */
  readonly keyByHash: (hashes: readonly string[]) => Promise<ApiKey | undefined>;
  /** All keys of an organization, oldest first. */
  readonly keys: (organizationId: string) => Promise<readonly ApiKey[]>;
  /** The key as it is afterwards. */
  readonly updateKey: (id: string, changes: ApiKeyChanges) => Promise<ApiKey | undefined>;
  /** Adds to the usage counts; the latest time of use wins. */
  readonly countKeyUses: (uses: readonly KeyUse[]) => Promise<void>;

  /** An event that is there already stays one event. */
  readonly addAuditEvents: (events: readonly AuditEvent[]) => Promise<void>;
  /** The newest events, of one organization or of all. */
  readonly auditEvents: (wanted: { readonly organizationId?: string; readonly limit: number }) => Promise<readonly AuditEvent[]>;

  /** Adds requests and points to what the days have already. */
  readonly addUsage: (rows: readonly UsageRow[]) => Promise<void>;
  /** By day, both ends included; then by key. */
  readonly usage: (organizationId: string, days: { readonly from: string; readonly to: string }) => Promise<readonly UsageRow[]>;
};
