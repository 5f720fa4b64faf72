import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { inject } from 'vitest';
import type { Environment } from '#kit/upstream-settings.ts';

export type StoreUnderTest = AsyncDisposable & {
  /** Variables by which any process opens this store; it is empty at first. */
  readonly environment: Readonly<Record<string, string>>;
};

type Kind = { readonly name: string; readonly isMissing: boolean; readonly start: () => Promise<StoreUnderTest> };

const uri = inject('mongoUri');

/** Both kinds of stores of organizations, for `describe.each`. */
export const storeKinds: readonly Kind[] = [
  { name: 'embedded', isMissing: false, start: startEmbedded },
  { name: 'MongoDB', isMissing: uri === undefined, start: startMongo },
];

export async function startEmbedded(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  return {
    environment: { DATA_DIR: folder },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

async function startMongo(): Promise<StoreUnderTest> {
  const database = `organizations_${crypto.randomUUID().slice(0, 8)}`;
  return {
    environment: { MONGODB_URI: uri ?? '', MONGODB_DATABASE: database } satisfies Environment,
    async [Symbol.asyncDispose]() {
      await using client = new MongoClient(uri ?? '');
      await client.db(database).dropDatabase();
    },
  };
}
