import { createWriteStream, openAsBlob } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestOf } from './archive.ts';
import { manifestFile, sealFile } from './manifest.ts';
import type { S3Client } from './s3-client.ts';
import type { Shelf } from './shelf.ts';
import { isArchiveName } from './shelf.ts';

/** Archives under a prefix of a bucket, one object for each file; the seal comes last, so that what has it is whole. */
export function s3Shelf({
  client,
  prefix,
  place,
}: {
  readonly client: S3Client;
  readonly prefix: string;
  readonly place: string;
}): Shelf {
  const keyOf = (name: string, file: string): string => `${prefix}${name}/${file}`;
  const filesOf = async (name: string): Promise<readonly string[]> =>
    (await client.keys(keyOf(name, ''))).map((key) => key.slice(keyOf(name, '').length));
  return {
    place,
    workFolder: scratch,
    async names() {
      const names = (await client.keys(prefix)).map((key) => key.slice(prefix.length).split('/')[0] ?? '');
      return [...new Set(names)].filter(isArchiveName).toSorted();
    },
    isComplete: async (name) => (await filesOf(name)).includes(sealFile),
    async put(name, folder) {
      const parts = (await readdir(folder)).filter((file) => file !== manifestFile && file !== sealFile);
      for (const file of [...parts, manifestFile, sealFile]) {
        const body = await openAsBlob(join(folder, file));
        await client.put(keyOf(name, file), body, await digestOf(body.stream()));
      }
      await rm(folder, { recursive: true });
    },
    async fetch(name) {
      const folder = await scratch();
      const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        for (const file of (await filesOf(name)).filter((found) => /^\w[\w.-]*$/.test(found)))
          await pipeline(await client.get(keyOf(name, file)), createWriteStream(join(folder, file), { mode: 0o600 }));
        return { folder, [Symbol.asyncDispose]: remove };
      } catch (error) {
        await remove();
        throw error;
      }
    },
    async remove(name) {
      // Without its seal it is no archive any more, whatever happens to the rest.
      const files = await filesOf(name);
      for (const file of [...files.filter((found) => found === sealFile), ...files.filter((found) => found !== sealFile)])
        await client.remove(keyOf(name, file));
    },
  };
}

const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'lab-gateway-backup-'));
