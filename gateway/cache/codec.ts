import { promisify } from 'node:util';
import { crc32, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import type { Place } from './keys.ts';
import type { Entry } from './store.ts';

/*
 * An entry as bytes: codec (1), CRC-32 of all that follows (4), length of the head (4), head, body.
 * The head is JSON and says whose and what the entry is; the body is the value's JSON, deflated from 2 KB on
 * (reliability rules, section 4.5).
 */

/** Largest value that is kept. */
export const maxValueBytes = 1024 * 1024;

const plain = 0;
const deflated = 1;
const compressFrom = 2 * 1024;
/** From here on (de)compressing leaves the event loop. */
const aloneFrom = 64 * 1024;
const fixedBytes = 9;

export type Stamped = { readonly entry: Entry; readonly stamps: readonly string[] };

const Head = z.object({
  /** Namespace of the organization. */
  o: z.string(),
  /** Digest of the key. */
  k: z.string(),
  created: z.number(),
  fresh: z.number(),
  keep: z.number(),
  cost: z.number(),
  stamps: z.array(z.string()).readonly(),
  /** Bytes of the value. */
  bytes: z.number().int().min(0).max(maxValueBytes),
});

export type Unreadable = 'corrupt' | 'mismatch';

/** @throws RangeError for a value that is larger than `maxValueBytes` */
export async function encode(place: Place, { entry, stamps }: Stamped): Promise<Buffer> {
  const value = Buffer.from(entry.text);
  if (value.length > maxValueBytes) throw new RangeError('The value is too large.');
  const { createdAt: created, freshMs: fresh, keepMs: keep, costMs: cost } = entry;
  const head = { o: place.namespace, k: place.digest, created, fresh, keep, cost, stamps, bytes: value.length };
  const codec = value.length < compressFrom ? plain : deflated;
  const headBytes = Buffer.from(JSON.stringify(head satisfies z.input<typeof Head>));
  const body = codec === plain ? value : await deflate(value);
  const bytes = Buffer.concat([Buffer.alloc(fixedBytes), headBytes, body]);
  bytes.writeUInt8(codec, 0);
  bytes.writeUInt32BE(headBytes.length, 5);
  bytes.writeUInt32BE(crc32(bytes.subarray(5)), 1);
  return bytes;
}

/** The entry that these bytes hold, if it is that of the place; never throws. */
export async function decode(place: Place, bytes: Buffer): Promise<Stamped | Unreadable> {
  try {
    return await read(place, bytes);
  } catch {
    return 'corrupt';
  }
}

async function read(place: Place, bytes: Buffer): Promise<Stamped | Unreadable> {
  if (bytes.readUInt32BE(1) !== crc32(bytes.subarray(5))) return 'corrupt';
  const bodyAt = fixedBytes + bytes.readUInt32BE(5);
  const head = Head.parse(JSON.parse(bytes.toString('utf8', fixedBytes, bodyAt)));
  if (head.o !== place.namespace || head.k !== place.digest) return 'mismatch';
  const body = bytes.subarray(bodyAt);
  const value = await valueIn(bytes.readUInt8(0), body, head.bytes);
  if (value?.length !== head.bytes) return 'corrupt';
  const { created: createdAt, fresh: freshMs, keep: keepMs, cost: costMs, stamps } = head;
  return { entry: { text: value.toString('utf8'), createdAt, freshMs, keepMs, costMs }, stamps };
}

async function valueIn(codec: number, body: Buffer, bytes: number): Promise<Buffer | undefined> {
  if (codec === plain) return body;
  return codec === deflated ? inflate(body, bytes) : undefined;
}

const deflateAlone = promisify(deflateRaw);
const inflateAlone: (body: Buffer, options: object) => Promise<Buffer> = promisify(inflateRaw);

const deflate = async (value: Buffer): Promise<Buffer> =>
  value.length < aloneFrom ? deflateRawSync(value, { level: 1 }) : deflateAlone(value, { level: 1 });

async function inflate(body: Buffer, bytes: number): Promise<Buffer> {
  // Never more than the head says, so that a few bytes cannot become many.
  const options = { maxOutputLength: Math.max(bytes, 1) };
  return bytes < aloneFrom ? inflateRawSync(body, options) : inflateAlone(body, options);
}
