import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ArchiveKey } from './cipher.ts';
import type { ArchivePart, Manifest } from './manifest.ts';
import { keyCheck, manifestFile, sealFile, sealOf } from './manifest.ts';

/** Something to keep: its name in the archive and its bytes, which are read once. */
export type Part = { readonly name: string; readonly content: AsyncIterable<string | Uint8Array> };

type Options = {
  /** An empty folder. */
  readonly folder: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly parts: AsyncIterable<Part>;
  /** Encrypts every file. */
  readonly key?: ArchiveKey | undefined;
  readonly onPart?: (name: string) => void;
  readonly createFile?: (path: string) => Writable;
};

/** Writes every part, and last the manifest with its seal: what has both is complete. @throws Error for what cannot be written */
export async function writeArchive({ parts, onPart, ...options }: Options): Promise<Manifest> {
  const written: ArchivePart[] = [];
  for await (const part of parts) {
    onPart?.(part.name);
    written.push(await writePart(part, options));
  }
  const { folder, name, createdAt, key } = options;
  const encryption = key && { cipher: 'aes-256-gcm' as const, salt: key.salt, check: key.sign(keyCheck) };
  const manifest: Manifest = { format: 1, name, createdAt, ...(encryption && { encryption }), parts: written };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeFile(join(folder, manifestFile), text, { flag: 'wx', mode: 0o600, flush: true });
  await writeFile(join(folder, sealFile), `${sealOf(text, key)}\n`, { flag: 'wx', mode: 0o600, flush: true });
  return manifest;
}

const ownFile = (path: string): Writable => createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });

async function writePart(
  { name, content }: Part,
  { folder, key, createFile = ownFile }: Omit<Options, 'parts' | 'onPart'>,
): Promise<ArchivePart> {
  const file = `${name}.gz${key === undefined ? '' : '.enc'}`;
  const plain = tally();
  const stored = tally();
  const encrypt = key?.encrypt(name) ?? asItIs;
  await pipeline(
    Readable.from(content, { objectMode: false }),
    plain.count,
    createGzip(),
    encrypt,
    stored.count,
    createFile(join(folder, file)),
  );
  const { bytes: contentBytes, sha256: contentSha256, lines } = plain.result();
  const { bytes, sha256 } = stored.result();
  return { name, file, bytes, sha256, contentSha256, contentBytes, lines };
}

async function* asItIs(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* source;
}

/** Lets bytes through and notes what they were. */
export function tally() {
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  return {
    async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) lines += 1;
        yield chunk;
      }
    },
    result: () => ({ bytes, lines, sha256: hash.digest('hex') }),
  };
}
