import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { ArchivePart, Manifest } from './manifest.ts';
import { readManifest } from './manifest.ts';
import { tally } from './write-archive.ts';

/** An archive that can be read; its manifest is proven, its files are once `check` has passed. */
export type Archive = {
  readonly manifest: Manifest;
  /** @throws Error that names the file which is missing, cut short or changed */
  readonly check: () => Promise<void>;
  readonly part: (name: string) => ArchivePart | undefined;
  /** The plain bytes of a part. @throws Error for a part that is not there or was changed */
  readonly content: (name: string) => AsyncIterable<Uint8Array>;
  readonly lines: (name: string) => AsyncIterable<string>;
  readonly json: (name: string) => Promise<unknown>;
};

/** @param secret what BACKUP_KEY says; needed where the archive is encrypted */
export async function openArchive(folder: string, secret: string | undefined): Promise<Archive> {
  const { manifest, key } = await readManifest(folder, secret);
  const part = (name: string) => manifest.parts.find((found) => found.name === name);
  const content = (name: string): AsyncIterable<Uint8Array> => {
    const found = part(name);
    if (found === undefined) throw new Error(`The archive holds no ${name}.`);
    const file = join(folder, found.file);
    const stored: Readable = key === undefined ? createReadStream(file) : Readable.from(key.decrypt(name, file));
    const plain = createGunzip();
    stored.once('error', (error) => plain.destroy(error));
    return stored.pipe(plain);
  };
  const lines = (name: string): AsyncIterable<string> =>
    createInterface({ input: Readable.from(content(name)), crlfDelay: Number.POSITIVE_INFINITY });
  return {
    manifest,
    part,
    content,
    lines,
    json: async (name) => JSON.parse(await text(content(name))),
    async check() {
      for (const found of manifest.parts) await checkFile(folder, found);
      // A file that fits its digest may still not be what was meant: its tag and its content say so.
      for (const { name, contentSha256 } of manifest.parts) {
        if ((await digestOf(content(name))) !== contentSha256) throw new Error(`${name} does not hold what was kept.`);
      }
    },
  };
}

async function checkFile(folder: string, { file, bytes, sha256 }: ArchivePart): Promise<void> {
  const { size } = await stat(join(folder, file)).catch((cause: unknown) => {
    throw new Error(`The archive is incomplete: ${file} is missing.`, { cause });
  });
  if (size !== bytes) throw new Error(`${file} has ${size} bytes of ${bytes}: it is cut short or was changed.`);
  if ((await digestOf(createReadStream(join(folder, file)))) !== sha256)
    throw new Error(`${file} was changed: its checksum differs.`);
}

/** SHA-256 in hexadecimal digits. */
export async function digestOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const { count, result } = tally();
  for await (const _ of count(content));
  return result().sha256;
}
