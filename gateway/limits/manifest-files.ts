import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Manifest } from './manifest.ts';
import { readManifest } from './manifest.ts';

/** Stands for all organizations; none has this name. */
export const everybody = '_all';

/** What was read of a file, and what the file looked like then. */
type Known = { readonly stamp: string; readonly manifest: Manifest };

/** Manifests by organization. */
export type Manifests = ReadonlyMap<string, Known>;

/**
 * Reads a manifest, or every manifest of a folder; files that did not change are left alone.
 * A file that cannot be read is reported, and stays as it is known.
 */
export async function readManifests(path: string, known: Manifests, onFailure: (error: Error) => void): Promise<Manifests> {
  const read = new Map<string, Known>();
  for (const { file, organization, stamp } of await filesOf(path)) {
    const before = known.get(organization);
    if (before !== undefined) read.set(organization, before);
    if (before?.stamp === stamp) continue;
    try {
      read.set(organization, { stamp, manifest: readManifest(await readFile(file, 'utf8')) });
    } catch (cause) {
      // What went after it was listed is a change, of which the next look tells.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      onFailure(new Error(`${basename(file)}: ${(cause as Error).message}`, { cause }));
    }
  }
  return read;
}

type File = { readonly file: string; readonly organization: string; readonly stamp: string };

async function filesOf(path: string): Promise<readonly File[]> {
  const found = await stat(path);
  if (!found.isDirectory()) return [{ file: path, organization: everybody, stamp: stampOf(found) }];
  const names = (await readdir(path)).filter((name) => name.endsWith('.json'));
  const named = async (name: string): Promise<File | undefined> => {
    const file = join(path, name);
    const facts = await stat(file).catch(unlessGone);
    return facts && { file, organization: basename(name, '.json'), stamp: stampOf(facts) };
  };
  const files = await Promise.all(names.sort().map(named));
  return files.filter((file) => file !== undefined);
}

/** A file that went after it was listed is none. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

const stampOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`;

/** Changes whenever a file does; what cannot be looked at is a change once, not at every look. */
export const fingerprint = (path: string): Promise<string> =>
  filesOf(path).then(JSON.stringify, (error: NodeJS.ErrnoException) => String(error.code));
