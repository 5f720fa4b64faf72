import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArchive } from '#ops/backup/archive.ts';
import { archiveKey } from '#ops/backup/cipher.ts';
import type { Part } from '#ops/backup/write-archive.ts';
import { writeArchive } from '#ops/backup/write-archive.ts';

export const secret = 'a backup key for tests, 32 characters or more';

/** A folder of its own, gone afterwards. */
export async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function* partsOf(contents: Readonly<Record<string, string>>): AsyncGenerator<Part> {
  for (const [name, text] of Object.entries(contents))
    yield {
      name,
      content: (async function* () {
        yield text;
      })(),
    };
}

type Wanted = { readonly encrypted: boolean; readonly contents?: Readonly<Record<string, string>> };

/** Writes an archive of texts into a folder. */
export async function written(path: string, { encrypted, contents = { 'a.ndjson': '{"a":1}\n{"a":2}\n' } }: Wanted) {
  const key = encrypted ? await archiveKey(secret) : undefined;
  const name = '2026-11-21_10-03-59_3fa9';
  return writeArchive({ folder: path, name, createdAt: new Date('2026-11-21T10:03:59Z'), parts: partsOf(contents), key });
}

/** Opens and checks; resolves to what is wrong with it. */
export const fault = (path: string, key: string | undefined = secret): Promise<string> =>
  openArchive(path, key)
    .then((archive) => archive.check())
    .then(
      () => 'nothing',
      (error: Error) => error.message,
    );

export { partsOf };
