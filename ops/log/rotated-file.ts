import { writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '#kit/clock.ts';
import type { Sink } from './line-queue.ts';

type Options = {
  readonly path: string;
  /** A file that would become longer is put aside, as is one of an earlier day (UTC); lines stay whole, so one that is longer has a file of its own. */
  readonly maxBytes: number;
  /** Files that are put aside: `<path>.1` is the newest, the last one goes. */
  readonly keep: number;
  readonly clock: Clock;
};

type Current = { readonly handle: FileHandle; bytes: number; readonly day: string };

/** A file that never grows beyond its bound. @throws Error when it cannot be opened */
export async function rotatedFile({ path, maxBytes, keep, clock }: Options): Promise<Sink> {
  const today = (): string => new Date(clock.now()).toISOString().slice(0, 10);
  const begin = async (): Promise<Current> => {
    const handle = await open(path, 'a', 0o640);
    const { size, mtimeMs } = await handle.stat();
    return { handle, bytes: size, day: size === 0 ? today() : new Date(mtimeMs).toISOString().slice(0, 10) };
  };
  await mkdir(dirname(path), { recursive: true });
  let current = await begin();
  const rotate = async (): Promise<void> => {
    await current.handle.close();
    for (let number = keep; number > 0; number--)
      await rename(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`).catch(onlyMissing);
    current = await begin();
  };
  return {
    async write(text) {
      let rest = Buffer.from(text);
      while (rest.length > 0) {
        const isFull = wholeLines(rest, maxBytes - current.bytes) === 0;
        if (current.bytes > 0 && (isFull || current.day !== today())) await rotate();
        const part = rest.subarray(0, wholeLines(rest, maxBytes - current.bytes) || firstLine(rest));
        await current.handle.appendFile(part);
        current.bytes += part.length;
        rest = rest.subarray(part.length);
      }
    },
    writeNow(text) {
      try {
        writeFileSync(path, text, { flag: 'a' });
      } catch {
        // A full disk takes nothing more.
      }
    },
    close: () => current.handle.close(),
  };
}

const lineEnd = 0x0a;

/** How many bytes of the text `room` takes without breaking a line. */
const wholeLines = (text: Buffer, room: number): number => (room > 0 ? text.lastIndexOf(lineEnd, room - 1) + 1 : 0);

const firstLine = (text: Buffer): number => text.indexOf(lineEnd) + 1 || text.length;

function onlyMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
