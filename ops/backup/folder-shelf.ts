import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sealFile } from './manifest.ts';
import type { Shelf } from './shelf.ts';
import { isArchiveName } from './shelf.ts';

/** Archives as folders in one folder. An archive appears in one step, when it is whole. */
export function folderShelf(path: string): Shelf {
  const folderOf = (name: string): string => join(path, name);
  return {
    place: path,
    async workFolder() {
      try {
        await mkdir(path, { recursive: true, mode: 0o700 });
        return await mkdtemp(join(path, '.partial-'));
      } catch (cause) {
        throw new Error(`BACKUP_DESTINATION: ${path} cannot be written to (${(cause as NodeJS.ErrnoException).code}).`, {
          cause,
        });
      }
    },
    async names() {
      const entries = await readdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw new Error(`BACKUP_DESTINATION: ${path} cannot be read (${error.code}).`, { cause: error });
      });
      return entries.filter(isArchiveName).toSorted();
    },
    isComplete: (name) =>
      access(join(folderOf(name), sealFile)).then(
        () => true,
        () => false,
      ),
    put: (name, folder) => rename(folder, folderOf(name)),
    fetch: async (name) => ({ folder: folderOf(name), [Symbol.asyncDispose]: async () => undefined }),
    remove: (name) => rm(folderOf(name), { recursive: true }),
  };
}
