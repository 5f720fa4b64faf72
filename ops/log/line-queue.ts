import { setTimeout as pause } from 'node:timers/promises';

/** Where lines end up; writing may take as long as it likes. */
export type Sink = {
  /** Writes all of it. @throws when it cannot */
  readonly write: (text: string) => Promise<void>;
  /** Writes what it takes at once, for a process that is about to end. Never throws. */
  readonly writeNow: (text: string) => void;
  readonly close: () => Promise<void>;
};

export type LineQueue = AsyncDisposable & {
  /** Takes one line; never waits and never throws. */
  readonly write: (line: string) => void;
};

type Options = {
  readonly sink: Sink;
  /** Most characters that wait to be written; what comes beyond them is lost. */
  readonly maxWaiting?: number;
  /** Hears how many lines were lost. */
  readonly onDrop: (lines: number) => void;
  /** How long lines gather before they are written together: each write costs as much as making a dozen lines. */
  readonly gatherMs?: number;
  /** How long the last lines may take once nothing more comes. */
  readonly closeMs?: number;
};

/** Writes lines in order without ever making the process wait: a reader that has stopped costs lines, not requests. */
export function lineQueue({ sink, maxWaiting = 4 * 1024 * 1024, onDrop, gatherMs = 20, closeMs = 1_000 }: Options): LineQueue {
  let lines: string[] = [];
  let waiting = 0;
  let writing: Promise<void> | undefined;
  const pump = async (): Promise<void> => {
    while (lines.length > 0) {
      await pause(gatherMs);
      const batch = lines;
      const text = batch.join('');
      lines = [];
      // A full disk is no reason to stop serving.
      await sink.write(text).catch(() => onDrop(batch.length));
      waiting -= text.length;
    }
    writing = undefined;
  };
  const atExit = (): void => {
    if (lines.length > 0) sink.writeNow(lines.join(''));
  };
  process.once('exit', atExit);
  return {
    write(line) {
      if (waiting + line.length > maxWaiting) return onDrop(1);
      lines.push(line);
      waiting += line.length;
      writing ??= pump();
    },
    async [Symbol.asyncDispose]() {
      const written = new AbortController();
      await Promise.race([writing, pause(closeMs, undefined, { signal: written.signal }).catch(() => undefined)]);
      written.abort();
      process.off('exit', atExit);
      atExit();
      lines = [];
      await sink.close();
    },
  };
}
