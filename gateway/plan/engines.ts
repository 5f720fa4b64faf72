import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import type { SupergraphSource } from './supergraph-source.ts';

/** The engine that serves now, and those before it that still finish what they began. */
export type Engines = AsyncDisposable & {
  /** Runs `work` on the engine of this moment; it is not closed before `work` ends. */
  readonly use: <Result>(work: (engine: Engine) => Promise<Result>) => Promise<Result>;
  /** Looks for a newer supergraph at once; rejects when there is one that cannot take over. */
  readonly reload: () => Promise<void>;
};

type Parts = {
  readonly source: SupergraphSource;
  readonly build: (sdl: string) => Promise<Engine>;
  /** Hears of every attempt to take a newer supergraph over. */
  readonly onReload: (outcome: { readonly ok: true } | { readonly ok: false; readonly error: unknown }) => void;
};

type Tenure = { readonly engine: Engine; running: number; retired: boolean; readonly closed: PromiseWithResolvers<void> };

/** Builds the first engine, then a new one for every newer supergraph; a broken one leaves the old engine serving. */
export async function openEngines({ source, build, onReload }: Parts): Promise<Engines> {
  let current = tenure(await build(source.sdl));
  let serving = source.sdl;
  let building: Promise<void> = Promise.resolve();
  const swap = async (sdl: string): Promise<void> => {
    try {
      const next = tenure(await build(sdl));
      await next.engine.planner.warm(current.engine.planner.store.popular(warmed));
      const previous = current;
      current = next;
      serving = sdl;
      await retire(previous);
      onReload({ ok: true });
    } catch (error) {
      onReload({ ok: false, error });
      throw error;
    }
  };
  const queued = (sdl: string): Promise<void> => {
    const swapped = building.then(() => (sdl === serving ? undefined : swap(sdl)));
    building = swapped.catch(() => undefined);
    return swapped;
  };
  source.watch({
    // Whatever became of it was told.
    onChange: (sdl) => void queued(sdl).catch(() => undefined),
    onFailure: (error) => onReload({ ok: false, error }),
  });
  return {
    use: (work) => useTenure(current, work),
    reload: async () => queued(await source.read()),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      await building;
      await retire(current);
      // What was cut off, or answered late, still has to book what it took.
      await Promise.race([current.closed.promise, pause(patienceMs, undefined, { ref: false })]);
    },
  };
}

/** Operations of the old engine that the new one has plans of before it takes over: those that are asked for most. */
const warmed = 100;

/** How long the end waits for operations that nobody waits for any more. */
const patienceMs = 3_000;

const tenure = (engine: Engine): Tenure => ({
  engine,
  running: 0,
  retired: false,
  closed: Promise.withResolvers(),
});

async function useTenure<Result>(held: Tenure, work: (engine: Engine) => Promise<Result>): Promise<Result> {
  held.running += 1;
  try {
    return await work(held.engine);
  } finally {
    held.running -= 1;
    if (held.retired) await closeWhenIdle(held);
  }
}

async function retire(held: Tenure): Promise<void> {
  held.retired = true;
  await closeWhenIdle(held);
}

async function closeWhenIdle(held: Tenure): Promise<void> {
  if (held.running > 0) return;
  await held.engine[Symbol.asyncDispose]();
  held.closed.resolve();
}
