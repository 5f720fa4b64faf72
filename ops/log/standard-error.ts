import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Sink } from './line-queue.ts';

const writeSome = promisify(write);

/** How soon a full pipe is tried again. */
const retryMs = 50;

/** Standard error of this process, or another open file. */
export function standardError(fd = 2): Sink {
  const own = openPipe(fd);
  let isClosed = false;
  const target = own ?? fd;
  return {
    async write(text) {
      let rest = Buffer.from(text);
      while (rest.length > 0 && !isClosed) {
        const written = await writeSome(target, rest).then(
          ({ bytesWritten }) => bytesWritten,
          async (error: NodeJS.ErrnoException) => {
            if (error.code !== 'EAGAIN') throw error;
            await pause(retryMs, undefined, { ref: false });
            return 0;
          },
        );
        rest = rest.subarray(written);
      }
    },
    writeNow(text) {
      try {
        writeSync(target, text);
      } catch {
        // The reader is gone or full: nobody is left to tell.
      }
    },
    async close() {
      isClosed = true;
      if (own !== undefined) closeSync(own);
    },
  };
}

/**
 * A pipe that nobody reads would hold one of Node's few threads with every write, and then the end of the process. Opened
 * anew it says at once that it is full; the original stays as it is, because other processes may share it.
 */
function openPipe(fd: number): number | undefined {
  try {
    return fstatSync(fd).isFIFO() ? openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK) : undefined;
  } catch {
    return undefined;
  }
}
