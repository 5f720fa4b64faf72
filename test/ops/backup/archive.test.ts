import { createWriteStream } from 'node:fs';
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openArchive } from '#ops/backup/archive.ts';
import { writeArchive } from '#ops/backup/write-archive.ts';
import { fault, folder, partsOf, secret, written } from './archives.ts';

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

describe.each([{ encrypted: false }, { encrypted: true }])('an archive, encrypted: $encrypted', ({ encrypted }) => {
  const file = `a.ndjson.gz${encrypted ? '.enc' : ''}`;

  test('gives back what it got', async () => {
    await using place = await folder();
    await written(place.path, { encrypted, contents: { 'a.ndjson': '{"a":1}\n{"a":2}\n', 'empty.ndjson': '', 'b.json': '"ü"' } });
    const archive = await openArchive(place.path, secret);
    await archive.check();
    expect(await text(archive.content('a.ndjson'))).toBe('{"a":1}\n{"a":2}\n');
    expect(await text(archive.content('empty.ndjson'))).toBe('');
    expect(await archive.json('b.json')).toBe('ü');
    expect(archive.part('a.ndjson')).toMatchObject({ lines: 2, contentBytes: 16 });
  });

  test('tells of one changed bit, wherever it is', async () => {
    await using place = await folder();
    await written(place.path, { encrypted });
    for (const name of await readdir(place.path)) {
      const { length } = await readFile(join(place.path, name));
      for (const at of [0, Math.floor(length / 2), length - 2]) {
        await flip(join(place.path, name), at);
        expect([name, at, await fault(place.path)]).not.toEqual([name, at, 'nothing']);
        await flip(join(place.path, name), at);
      }
    }
    expect(await fault(place.path)).toBe('nothing');
    await flip(join(place.path, file), 20);
    expect(await fault(place.path)).toBe(`${file} was changed: its checksum differs.`);
  });

  test('tells that a file is cut short, missing, or that it was never finished', async () => {
    await using place = await folder();
    const { parts } = await written(place.path, { encrypted });
    await truncate(join(place.path, file), 10);
    expect(await fault(place.path)).toBe(`${file} has 10 bytes of ${parts[0]?.bytes}: it is cut short or was changed.`);
    await rm(join(place.path, file));
    expect(await fault(place.path)).toBe(`The archive is incomplete: ${file} is missing.`);
    await rm(join(place.path, 'manifest.sha256'));
    expect(await fault(place.path)).toBe('The archive is incomplete: its manifest is missing.');
  });

  test('is no archive without its own manifest', async () => {
    await using place = await folder();
    await written(place.path, { encrypted });
    const manifest = await readFile(join(place.path, 'manifest.json'), 'utf8');
    await writeFile(join(place.path, 'manifest.json'), manifest.replace('"lines": 2', '"lines": 3'));
    expect(await fault(place.path)).toBe('manifest.json was changed: its seal does not fit.');
    await writeFile(join(place.path, 'manifest.json'), manifest.replace('"a.ndjson"', '"../a.ndjson"'));
    expect(await fault(place.path)).toContain('manifest.json was changed');
  });

  test('that cannot be written is an error and not half an archive', async () => {
    await using place = await folder();
    const full = writeArchive({
      folder: place.path,
      name: 'any',
      createdAt: new Date(),
      parts: partsOf({ 'a.ndjson': 'x'.repeat(1_000_000) }),
      createFile: () => createWriteStream('/dev/full'),
    });
    await expect(full).rejects.toThrow('ENOSPC');
    expect(await fault(place.path)).toBe('The archive is incomplete: its manifest is missing.');
  });
});

test('an encrypted archive wants its own key, and shows nothing without', async () => {
  await using place = await folder();
  await written(place.path, { encrypted: true, contents: { 'a.ndjson': 'planted canary '.repeat(100) } });
  expect(await fault(place.path, 'another secret that is long enough, surely')).toBe(
    'BACKUP_KEY: is not the key of this archive.',
  );
  await expect(openArchive(place.path, undefined)).rejects.toThrow('BACKUP_KEY: is not set, and the archive is encrypted.');
  for (const name of await readdir(place.path)) expect(await readFile(join(place.path, name), 'latin1')).not.toContain('canary');
});

test('an encrypted file in the place of another one is refused though nothing in it changed', async () => {
  await using place = await folder();
  const { parts } = await written(place.path, { encrypted: true, contents: { 'a.json': '"one"', 'b.json': '"two"' } });
  expect(parts.map(({ bytes }) => bytes)).toEqual([parts[0]?.bytes, parts[0]?.bytes]);
  await rename(join(place.path, 'a.json.gz.enc'), join(place.path, 'b.json.gz.enc'));
  const archive = await openArchive(place.path, secret);
  await expect(archive.json('b.json')).rejects.toThrow();
});
