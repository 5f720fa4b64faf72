import type { Collection, Db, FindOptions } from 'mongodb';
import { MongoBulkWriteError, MongoClient, MongoServerError } from 'mongodb';
import type { z } from 'zod';
import { ApiKey, AuditEvent, fromDocument, Organization, toDocument, UsageRow } from './records.ts';
import type { OrganizationStore } from './store.ts';

type Options = {
  /** `mongodb://` or `mongodb+srv://`, with credentials and options as the driver takes them. */
  readonly uri: string;
  /** In place of the URI's. */
  readonly database?: string;
};

/** A record by its id, and the same id once more as the contract's own field. */
type Document = { readonly _id: string };

/** How long the driver looks for a server, and waits for an answer on a socket, where the URI does not say. */
const waits = { serverSelectionTimeoutMS: 2_000, connectTimeoutMS: 2_000, socketTimeoutMS: 5_000 };

/** Database where neither the URI nor a setting names one. */
const defaultDatabase = 'lab_gateway';

/**
 * A store in MongoDB. It connects at the first question, and uses nothing but single documents and plain indexes, so
 * that a server without replica set, or another that speaks the protocol, does.
 * @throws MongoParseError for a URI that is none
 */
export function openMongoStore(options: Options): OrganizationStore {
  const { client, db } = openDatabase(options);
  let isClosed = false;
  const connected = async (): Promise<Db> => {
    // The driver gives up for good what did not connect the first time, unless it is asked to connect.
    if (!isClosed) await client.connect();
    return db;
  };
  const organizations = documents(connected, 'organizations', Organization);
  const keys = documents(connected, 'api_keys', ApiKey);
  const events = documents(connected, 'audit_logs', AuditEvent);
  const usage = documents(connected, 'usage_daily', UsageRow);
  return {
    async migrate() {
      await keys.index({ key_hash: 1 }, { unique: true });
      await keys.index({ organization_id: 1, created_at: 1 });
      await events.index({ timestamp: -1 });
      await events.index({ organization_id: 1, timestamp: -1 });
      await usage.index({ organization_id: 1, day: 1 });
    },
    ping: async () => void (await (await connected()).command({ ping: 1 })),
    addOrganization: (organization) => organizations.insert(organization.id, organization),
    organization: (id) => organizations.one({ _id: id }),
    organizations: () => organizations.all({}, { sort: { _id: 1 } }),
    updateOrganization: (id, changes) => organizations.update(id, changes),
    addKey: (key) => keys.insert(key.id, key),
    key: (id) => keys.one({ _id: id }),
    keyByHash: (hashes) => keys.one({ key_hash: { $in: hashes } }),
    keys: (organizationId) => keys.all({ organization_id: organizationId }, { sort: { created_at: 1, _id: 1 } }),
    updateKey: (id, changes) => keys.update(id, changes),
    countKeyUses: (uses) =>
      keys.apply(
        uses.map(({ id, uses: count, lastUsedAt }) => ({
          filter: { _id: id },
          update: { $inc: { usage_count: count }, $max: { last_used_at: lastUsedAt } },
        })),
      ),
    addAuditEvents: (added) => events.insertAll(added.map((event) => ({ _id: event.eventId, ...toDocument(event) }))),
    auditEvents: ({ organizationId, limit }) =>
      events.all(organizationId === undefined ? {} : { organization_id: organizationId }, { sort: { timestamp: -1 }, limit }),
    addUsage: (rows) =>
      usage.apply(
        rows.map(({ requests, points, ...day }) => ({
          filter: { _id: [day.organizationId, day.day, day.apiKeyId].join('/') },
          update: { $inc: { requests, points }, $setOnInsert: toDocument(day) },
          upsert: true,
        })),
      ),
    usage: (organizationId, { from, to }) =>
      usage.all({ organization_id: organizationId, day: { $gte: from, $lte: to } }, { sort: { day: 1, api_key_id: 1 } }),
    [Symbol.asyncDispose]: () => {
      isClosed = true;
      return client.close();
    },
  };
}

/** The database that a URI and a setting mean together; it connects at the first question. @throws MongoParseError */
export function openDatabase({ uri, database }: Options): { readonly client: MongoClient; readonly db: Db } {
  const client = new MongoClient(uri, { ignoreUndefined: true, appName: 'lab-gateway', ...unsaid(uri) });
  return { client, db: client.db(database ?? (namesDatabase(uri) ? undefined : defaultDatabase)) };
}

type Filter = Readonly<Record<string, unknown>>;
type Update = { readonly filter: Filter; readonly update: Filter; readonly upsert?: boolean };

function documents<Shape extends object>(connected: () => Promise<Db>, name: string, shape: z.ZodType<Shape>) {
  const collection = async (): Promise<Collection<Document>> => (await connected()).collection<Document>(name);
  const read = (document: object): Shape => fromDocument(shape, document);
  return {
    index: async (fields: Record<string, 1 | -1>, options: { readonly unique?: true } = {}): Promise<void> =>
      void (await (await collection()).createIndex(fields, options)),
    async insert(id: string, record: Shape): Promise<boolean> {
      const taken = await takenOf((await collection()).insertOne({ _id: id, ...toDocument(record) }));
      return taken.size === 0;
    },
    /** Leaves alone what is there. An upsert would do, but FerretDB leaves empty lists out of `$setOnInsert`. */
    async insertAll(added: readonly Document[]): Promise<void> {
      if (added.length > 0) await takenOf((await collection()).insertMany(added, { ordered: false }));
    },
    async one(filter: Filter): Promise<Shape | undefined> {
      const document = await (await collection()).findOne(filter);
      return document === null ? undefined : read(document);
    },
    all: async (filter: Filter, options: FindOptions): Promise<readonly Shape[]> =>
      (await (await collection()).find(filter, options).toArray()).map(read),
    async update(id: string, changes: Partial<Shape>): Promise<Shape | undefined> {
      const changed = await (await collection()).findOneAndUpdate(
        { _id: id },
        { $set: toDocument(changes) },
        { returnDocument: 'after' },
      );
      return changed === null ? undefined : read(changed);
    },
    async apply(updates: readonly Update[]): Promise<void> {
      let left = updates;
      for (let tries = 1; left.length > 0; tries++) {
        if (tries > maxTries) throw new Error(`Other writers kept ${left.length} documents of ${name} from being written.`);
        const taken = await takenOf(
          (await collection()).bulkWrite(
            left.map((updateOne) => ({ updateOne })),
            { ordered: false },
          ),
        );
        // Another writer made the document between this one's look and its insert; now there is one to update.
        left = left.filter((_, index) => taken.has(index));
      }
    },
  };
}

const maxTries = 5;
const duplicateKey = 11_000;

/** Places of those writes that failed because an id or a unique value is taken. @throws whatever else is wrong */
async function takenOf(written: Promise<unknown>): Promise<ReadonlySet<number>> {
  try {
    await written;
    return new Set();
  } catch (error) {
    const failures = failuresOf(error);
    if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
    return new Set(failures.map(({ index }) => index));
  }
}

function failuresOf(error: unknown): readonly { readonly code: unknown; readonly index: number }[] {
  if (error instanceof MongoBulkWriteError) return [error.writeErrors].flat();
  return error instanceof MongoServerError ? [{ code: error.code, index: 0 }] : [];
}

const unsaid = (uri: string): Partial<typeof waits> =>
  Object.fromEntries(Object.entries(waits).filter(([option]) => !uri.toLowerCase().includes(`${option.toLowerCase()}=`)));

/** Whether a path stands behind the hosts; credentials cannot hold a slash. */
const namesDatabase = (uri: string): boolean => /^[a-z+]+:\/\/[^/]+\/[^?]/.test(uri);
