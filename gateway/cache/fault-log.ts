import type { Fault, OnFault } from './store.ts';

/** One line for a log; `count` is how many faults of the kind there were since the first line. */
export type FaultLine = {
  readonly kind: Fault;
  readonly phase: 'began' | 'goes on' | 'over';
  readonly count: number;
  /** The last of them. */
  readonly error?: unknown;
};

type Options = {
  readonly say: (line: FaultLine) => void;
  /** Trouble is over once nothing was wrong for so long. */
  readonly quietMs?: number;
  /** While it lasts it is told of so seldom. */
  readonly everyMs?: number;
};

type Trouble = { count: number; error: unknown; toldAt: number; readonly ending: NodeJS.Timeout };

/** Makes few lines of many faults: one when trouble of a kind begins, one a minute while it lasts, and one when it is over. */
export function faultLog({ say, quietMs = 10_000, everyMs = 60_000 }: Options): OnFault {
  const troubles = new Map<Fault, Trouble>();
  const end = (kind: Fault): void => {
    const { count = 0, error } = troubles.get(kind) ?? {};
    troubles.delete(kind);
    say({ kind, phase: 'over', count, error });
  };
  const begin = (kind: Fault, error: unknown): void => {
    // A process does not stay for this line.
    const ending = setTimeout(end, quietMs, kind).unref();
    troubles.set(kind, { count: 1, error, toldAt: performance.now(), ending });
    say({ kind, phase: 'began', count: 1, error });
  };
  return ({ kind, error }) => {
    const trouble = troubles.get(kind);
    if (trouble === undefined) return begin(kind, error);
    trouble.count += 1;
    trouble.error = error;
    trouble.ending.refresh();
    if (performance.now() - trouble.toldAt < everyMs) return;
    trouble.toldAt = performance.now();
    say({ kind, phase: 'goes on', count: trouble.count, error });
  };
}
