import { createHash, randomBytes } from 'node:crypto';
import type { Db, Document, IndexDescription } from 'mongodb';
import { BSON } from 'mongodb';
import { z } from 'zod';
import { openDatabase } from '#kit/organizations/mongo-store.ts';
import type { Archive } from './archive.ts';
import type { BackedUp } from './store.ts';
import type { Part } from './write-archive.ts';

type Options = { readonly uri: string; readonly database?: string };

const indexesPart = 'mongodb.indexes.json';
const Indexes = z.record(z.string(), z.array(z.object({ key: z.record(z.string(), z.number()) }).loose()));
const partOf = (collection: string): string => `mongodb.${collection}.ndjson`;
const batchSize = 500;

/**
 * All collections of the database, through the driver: one line of canonical Extended JSON for each document, by `_id`, and
 * the indexes. It needs no tools beside, and no more rights than to read. Every document is whole; the collections are not
 * of one moment where somebody writes meanwhile.
 */
export function mongoBackup(options: Options): BackedUp {
  const { client, db } = openDatabase(options);
  return {
    name: 'organizations',
    parts: () => partsOf(db),
    isIn: (archive) => archive.part(indexesPart) !== undefined,
    async isEmpty() {
      const counts = await Promise.all((await namesOf(db)).map((name) => db.collection(name).countDocuments({}, { limit: 1 })));
      return counts.every((count) => count === 0);
    },
    restore: (archive) => restoreInto(db, archive),
    async rehearse(archive) {
      const scratch = client.db(`${db.databaseName}_rehearsal_${randomBytes(4).toString('hex')}`);
      try {
        const records = await restoreInto(scratch, archive);
        await compare(scratch, archive);
        return records;
      } finally {
        await scratch.dropDatabase();
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const namesOf = async (db: Db): Promise<readonly string[]> =>
  (await db.listCollections({}, { nameOnly: true }).toArray())
    .map(({ name }) => name)
    .filter((name) => /^\w[\w-]*$/.test(name))
    .toSorted();

async function* partsOf(db: Db): AsyncGenerator<Part> {
  const names = await namesOf(db);
  const indexes = await Promise.all(names.map(async (name) => [name, await db.collection(name).indexes()] as const));
  yield { name: indexesPart, content: once(JSON.stringify(Object.fromEntries(indexes))) };
  for (const name of names) yield { name: partOf(name), content: linesOf(db, name) };
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** Numbers keep their kinds: a long stays a long. */
async function* linesOf(db: Db, name: string): AsyncGenerator<string> {
  const documents = db.collection(name).find({}, { sort: { _id: 1 }, promoteValues: false, promoteBuffers: false });
  for await (const document of documents) yield `${BSON.EJSON.stringify(document, { relaxed: false })}\n`;
}

async function restoreInto(db: Db, archive: Archive): Promise<number> {
  const collections = Object.entries(Indexes.parse(await archive.json(indexesPart)));
  let records = 0;
  for (const [name, indexes] of collections) {
    await db.collection(name).drop();
    records += await insertLines(db, name, archive.lines(partOf(name)));
    const wanted = indexes.filter((index) => index['name'] !== '_id_').map(describe);
    if (wanted.length > 0) await db.collection(name).createIndexes(wanted);
  }
  return records;
}

/** The version and the namespace are the server's own affair. */
const describe = ({ v: _, ns: __, ...index }: Document): IndexDescription => index as IndexDescription;

async function insertLines(db: Db, name: string, lines: AsyncIterable<string>): Promise<number> {
  let records = 0;
  let batch: Document[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await db.collection(name).insertMany(batch);
    records += batch.length;
    batch = [];
  };
  for await (const line of lines) {
    batch.push(BSON.EJSON.parse(line, { relaxed: false }) as Document);
    if (batch.length === batchSize) await flush();
  }
  await flush();
  return records;
}

async function compare(db: Db, archive: Archive): Promise<void> {
  for (const { name, contentSha256, lines } of archive.manifest.parts) {
    const collection = /^mongodb\.(.+)\.ndjson$/.exec(name)?.[1];
    if (collection === undefined) continue;
    const hash = createHash('sha256');
    let found = 0;
    for await (const line of linesOf(db, collection)) {
      hash.update(line);
      found += 1;
    }
    if (found !== lines) throw new Error(`${collection}: ${found} of ${lines} documents came back.`);
    if (hash.digest('hex') !== contentSha256) throw new Error(`${collection}: what came back differs from what was kept.`);
  }
}
