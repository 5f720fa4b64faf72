import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '#gateway/cache/codec.ts';
import type { Entry } from '#gateway/cache/store.ts';

const place = { namespace: 'acme', digest: 'digest', key: 'c:{acme}:1:samples:Sample:digest' };
const entryOf = (text: string): Entry => ({ text, createdAt: 1_000.5, freshMs: 60_000, keepMs: 660_000, costMs: 12 });
const stamps = ['', 'a', 'b'];

test.each([2, 2_047, 2_048, 65_535, 65_536, 1_048_576])('an entry of %i bytes is the same after reading', async (size) => {
  const entry = entryOf(JSON.stringify('ü'.repeat(size)).slice(0, size));
  const text = entry.text.slice(0, Math.floor(size / 2));
  const bytes = await encode(place, { entry: { ...entry, text }, stamps });
  expect(await decode(place, bytes)).toEqual({ entry: { ...entry, text }, stamps });
});

test('CA-09: small values are stored as they are, large ones much smaller', async () => {
  const small = await encode(place, { entry: entryOf(JSON.stringify('x'.repeat(200))), stamps });
  expect(small.toString()).toContain('x'.repeat(200));
  const rows = JSON.stringify(Array.from({ length: 5_000 }, (_, id) => ({ id, name: `Sample ${id}`, status: 'IN_STORAGE' })));
  const large = await encode(place, { entry: entryOf(rows), stamps });
  expect(large.length).toBeLessThan(rows.length / 5);
  expect(await decode(place, large)).toEqual({ entry: entryOf(rows), stamps });
});

test('E10: what is larger than 1 MB is not encoded', async () => {
  await expect(encode(place, { entry: entryOf('x'.repeat(5 * 1024 * 1024)), stamps })).rejects.toThrow(RangeError);
});

test('E11: an entry with any bit turned, cut anywhere, or of random bytes is corrupt and never an error', async () => {
  for (const text of ['"short"', JSON.stringify('compressible '.repeat(1_000))]) {
    const bytes = await encode(place, { entry: entryOf(text), stamps });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const turned = Buffer.from(bytes);
        turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(await decode(place, turned)).toBe('corrupt');
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
        expect(await decode(place, bytes.subarray(0, length))).toBe('corrupt');
      }),
    );
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(await decode(place, Buffer.from(bytes))).toBe('corrupt');
    }),
  );
});

test('E17: an entry of another organization or key is a mismatch', async () => {
  const bytes = await encode(place, { entry: entryOf('1'), stamps });
  expect(await decode({ ...place, namespace: 'helix' }, bytes)).toBe('mismatch');
  expect(await decode({ ...place, digest: 'other' }, bytes)).toBe('mismatch');
});
