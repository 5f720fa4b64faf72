import type { ScryptOptions } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

type Chunks = AsyncIterable<Uint8Array>;

/** What the files of one archive are sealed with. */
export type ArchiveKey = {
  /** Random, not secret; with the same secret it gives the same key. */
  readonly salt: string;
  /** Keyed digest of a text, in hexadecimal digits. */
  readonly sign: (text: string) => string;
  /** AES-256-GCM: 12 bytes of nonce, the encrypted bytes, 16 bytes of tag. The name of the file is sealed along. */
  readonly encrypt: (name: string) => (source: Chunks) => AsyncGenerator<Uint8Array>;
  /** The plain bytes; their tag is looked at when the last of them has been given. @throws Error for a file of another key */
  readonly decrypt: (name: string, file: string) => AsyncGenerator<Uint8Array>;
};

const nonceBytes = 12;
const tagBytes = 16;

/** 32 MB and about 0.1 s for each guess. */
const cost: ScryptOptions = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** A key of the secret; each file gets one of its own, so that no nonce is used twice with one. */
export async function archiveKey(secret: string, salt = randomBytes(16).toString('hex')): Promise<ArchiveKey> {
  const master = await stretched(secret, Buffer.from(salt, 'hex'));
  const keyFor = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', master, '', purpose, 32));
  return {
    salt,
    sign: (text) => createHmac('sha256', keyFor('manifest')).update(text).digest('hex'),
    encrypt: (name) =>
      async function* (source) {
        const nonce = randomBytes(nonceBytes);
        const cipher = createCipheriv('aes-256-gcm', keyFor(`file ${name}`), nonce).setAAD(Buffer.from(name));
        yield nonce;
        for await (const chunk of source) yield cipher.update(chunk);
        yield cipher.final();
        yield cipher.getAuthTag();
      },
    async *decrypt(name, file) {
      const { nonce, tag, end } = await frameOf(file);
      const decipher = createDecipheriv('aes-256-gcm', keyFor(`file ${name}`), nonce)
        .setAAD(Buffer.from(name))
        .setAuthTag(tag);
      if (end >= nonceBytes)
        for await (const chunk of createReadStream(file, { start: nonceBytes, end })) yield decipher.update(chunk);
      yield decipher.final();
    },
  };
}

const stretched = (secret: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(secret, salt, 32, cost, (error, key) => (error === null ? resolve(key) : reject(error))),
  );

async function frameOf(file: string) {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const nonce = Buffer.alloc(nonceBytes);
  const tag = Buffer.alloc(tagBytes);
  await handle.read(nonce, 0, nonceBytes, 0);
  await handle.read(tag, 0, tagBytes, Math.max(0, size - tagBytes));
  return { nonce, tag, end: size - tagBytes - 1 };
}
