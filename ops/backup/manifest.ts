import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArchiveKey } from './cipher.ts';
import { archiveKey } from './cipher.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const fileName = z.string().regex(/^\w[\w.-]*$/);

/** One file of an archive. */
const ArchivePart = z
  .object({
    name: fileName,
    /** The file: the part compressed, and encrypted where the archive is. */
    file: fileName,
    bytes: z.number(),
    sha256: digest,
    /** Of the plain content, as are its bytes and lines. */
    contentSha256: digest,
    contentBytes: z.number(),
    lines: z.number(),
  })
  .readonly();
export type ArchivePart = z.infer<typeof ArchivePart>;

export const Manifest = z
  .object({
    format: z.literal(1),
    name: z.string(),
    createdAt: z.coerce.date(),
    encryption: z.object({ cipher: z.literal('aes-256-gcm'), salt: z.string(), check: digest }).exactOptional(),
    parts: z.array(ArchivePart).readonly(),
  })
  .readonly();
export type Manifest = z.infer<typeof Manifest>;

export const manifestFile = 'manifest.json';
export const sealFile = 'manifest.sha256';

/** What every archive signs, so that a wrong key is told from a changed archive. */
export const keyCheck = 'lab-gateway backup';

/** Digest of the manifest, which holds the digests of all else; keyed in an encrypted archive. */
export const sealOf = (text: string, key: ArchiveKey | undefined): string =>
  key === undefined ? createHash('sha256').update(text).digest('hex') : key.sign(text);

type Read = { readonly manifest: Manifest; readonly key: ArchiveKey | undefined };

/**
 * Reads the manifest of the archive in a folder and proves that it was not changed.
 * @throws Error for an archive that is incomplete, changed, of another program or sealed with another key
 */
export async function readManifest(folder: string, secret: string | undefined): Promise<Read> {
  const [text, seal] = await Promise.all([textOf(join(folder, manifestFile)), textOf(join(folder, sealFile))]);
  const { data: manifest, success } = Manifest.safeParse(jsonOf(text));
  if (!success) throw new Error(`${manifestFile} was changed, or is of another version of this program.`);
  const key = await keyOf(manifest, secret);
  if (!isEqual(sealOf(text, key), seal.trim())) throw new Error(`${manifestFile} was changed: its seal does not fit.`);
  return { manifest, key };
}

async function keyOf({ encryption }: Manifest, secret: string | undefined): Promise<ArchiveKey | undefined> {
  if (encryption === undefined) return undefined;
  if (secret === undefined) throw new Error('BACKUP_KEY: is not set, and the archive is encrypted.');
  const key = await archiveKey(secret, encryption.salt);
  if (!isEqual(key.sign(keyCheck), encryption.check)) throw new Error('BACKUP_KEY: is not the key of this archive.');
  return key;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error('The archive is incomplete: its manifest is missing.', { cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isEqual = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
