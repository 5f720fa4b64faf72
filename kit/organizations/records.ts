import { z } from 'zod';

/** An organization that asks and pays. */
export const Organization = z
  .object({
    /** Short name, such as `acme-genomics`. */
    id: z.string(),
    /** Name for people. */
    name: z.string(),
    plan: z.string(),
    /** Suspended: its keys are known but refused. Deleted: its keys are as if they had never been. */
    status: z.enum(['active', 'suspended', 'deleted']),
    createdAt: z.coerce.date(),
    /** What differs from the plan, as the plans write it. */
    limits: z.record(z.string(), z.unknown()).exactOptional(),
    /** What the graph service knows the organization by. A secret: it is shown to nobody. */
    graphCredential: z.string().exactOptional(),
  })
  .readonly();
export type Organization = z.infer<typeof Organization>;

/** A key of an organization; the secret itself is kept nowhere. */
export const ApiKey = z
  .object({
    id: z.string(),
    organizationId: z.string(),
    /** Keyed hash of the secret, by which it is found. */
    keyHash: z.string(),
    /** First 12 characters of the secret, for people. */
    keyPrefix: z.string(),
    name: z.string(),
    /** `resource:action`, or a bundle of those. */
    scopes: z.array(z.string()).readonly(),
    environment: z.enum(['live', 'test']),
    createdAt: z.coerce.date(),
    expiresAt: z.coerce.date().exactOptional(),
    lastUsedAt: z.coerce.date().exactOptional(),
    usageCount: z.number(),
    /** Addresses and CIDR ranges it may be used from; absent for any. */
    allowedAddresses: z.array(z.string()).readonly().exactOptional(),
    /** False once revoked. */
    isActive: z.boolean(),
    /** The key that took its place, and until when this one is good beside it. */
    replacedBy: z.string().exactOptional(),
    overlapUntil: z.coerce.date().exactOptional(),
  })
  .readonly();
export type ApiKey = z.infer<typeof ApiKey>;

/** One line of the audit log (contract of graph and batch services, section 1.4). */
export const AuditEvent = z
  .object({
    eventId: z.string(),
    timestamp: z.coerce.date(),
    eventType: z.enum([
      'api_request',
      'authentication',
      'authorization',
      'data_access',
      'configuration_change',
      'security_event',
      'system_event',
    ]),
    severity: z.enum(['info', 'warning', 'error', 'critical']),
    sourceIp: z.string().exactOptional(),
    userAgent: z.string().exactOptional(),
    organizationId: z.string().exactOptional(),
    /** The key that the event is about. */
    apiKeyId: z.string().exactOptional(),
    /** Who did it, as `key:<id>` or `user:<id>`, for which the contract has no name; of a refused key its prefix. */
    actor: z.string().exactOptional(),
    endpoint: z.string().exactOptional(),
    method: z.string().exactOptional(),
    statusCode: z.number().exactOptional(),
    requestId: z.string().exactOptional(),
    processingTimeMs: z.number().exactOptional(),
    dataAccessed: z.string().exactOptional(),
    errorDetails: z.string().exactOptional(),
    complianceTags: z.array(z.string()).readonly(),
    geographicLocation: z.string().exactOptional(),
  })
  .readonly();
export type AuditEvent = z.infer<typeof AuditEvent>;

/** What one key of an organization spent on one day. */
export const UsageRow = z
  .object({
    organizationId: z.string(),
    /** Empty for people, who come without a key. */
    apiKeyId: z.string(),
    /** `2026-11-21`, in UTC. */
    day: z.string(),
    requests: z.number(),
    /** Cost points. */
    points: z.number(),
  })
  .readonly();
export type UsageRow = z.infer<typeof UsageRow>;

/** A record as stores keep it: names in snake_case, as the contract has them. */
export const toDocument = (record: object): Record<string, unknown> => renamed(record, snakeCase);

/** Reads what a store kept; null counts as absent. @throws ZodError for what is no such record */
export const fromDocument = <Shape>(shape: z.ZodType<Shape>, document: object): Shape =>
  shape.parse(renamed(document, camelCase));

const renamed = (record: object, rename: (name: string) => string): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[rename(name), value]])),
  );

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
