import type { SubgraphHandler } from '#gateway/request.ts';
import { inTime } from '#kit/in-time.ts';
import { askFor } from './ask.ts';
import type { Flights } from './flights.ts';
import type { Fly, Shared } from './landing.ts';
import { flightKey } from './landing.ts';
import type { Part } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { Turns } from './turns.ts';

type Options = { readonly flights: Flights<Shared>; readonly fly: Fly; readonly turns: Turns };

type Outcomes = ReadonlyMap<Part, Outcome>;

export type PartFetch = {
  /** Brings all parts, by a call of its own or with others who are fetching the same; never throws. */
  readonly bring: (task: Task, parts: readonly Part[]) => Promise<Outcomes>;
  /** Brings what nobody else is bringing, for later readers. */
  readonly refresh: (task: Task, parts: readonly Part[]) => Promise<unknown>;
};

/** How long somebody else's fetch is waited for before one's own. */
const followMs = 1_000;

export function partFetches({ flights, fly, turns }: Options): (next: SubgraphHandler) => PartFetch {
  const costs = new WeakMap<Policy, number>();
  return (next) => {
    const call = async (task: Task, parts: readonly Part[]): Promise<Outcomes> => {
      if (parts.length === 0) return new Map();
      const { policy, parts: wanted } = task.lookup;
      const startedAt = performance.now();
      const brought = await askFor(next, task.request, { policy, parts, all: parts.length === wanted.length });
      const costMs = performance.now() - startedAt;
      costs.set(policy, 0.7 * (costs.get(policy) ?? costMs) + 0.3 * costMs);
      return new Map([...brought].map(([part, each]) => [part, { kind: 'brought', brought: each, isNew: true, costMs }]));
    };
    const lead = (task: Task, parts: readonly Part[]): Promise<Outcomes> =>
      fly(task, parts, async () => {
        const { ours, theirs } = await turns.divide(task, parts, costs.get(task.lookup.policy));
        try {
          const [called, awaited] = await Promise.all([call(task, ours), turns.others(task, theirs)]);
          const left = theirs.filter((part) => !awaited.has(part));
          return new Map([...called, ...awaited, ...(await call(task, left))]);
        } finally {
          turns.release(ours);
        }
      });
    const bring = async (task: Task, parts: readonly Part[], joinUntil: number): Promise<Outcomes> => {
      const leftMs = joinUntil - performance.now();
      const flightOf = ({ slot }: Part) => (slot === undefined || leftMs <= 0 ? undefined : flights.join(flightKey(task, slot)));
      const all = parts.map((part) => ({ part, flight: flightOf(part) }));
      const own = all.flatMap(({ part, flight }) => (flight === undefined ? [part] : []));
      const joined = all.flatMap(({ part, flight }) => (flight === undefined ? [] : [{ part, flight }]));
      const [led, followed] = await Promise.all([
        own.length === 0 ? [] : lead(task, own).catch((error: unknown) => own.map((part) => threw(part, error))),
        Promise.all(
          joined.map(async ({ part, flight }) => ({
            part,
            outcome: ownCopy(await inTime(flight, leftMs).catch(() => undefined)),
          })),
        ),
      ]);
      const again = followed.flatMap(({ part, outcome }) => (outcome === undefined ? [part] : []));
      const late = again.length === 0 ? [] : await bring(task, again, joinUntil);
      return new Map([...led, ...followed.flatMap(({ part, outcome }) => (outcome ? [[part, outcome] as const] : [])), ...late]);
    };
    return {
      bring: (task, parts) => bring(task, parts, performance.now() + followMs),
      async refresh(task, parts) {
        const idle = parts.filter(({ slot }) => slot !== undefined && flights.join(flightKey(task, slot)) === undefined);
        if (idle.length === 0) return;
        await fly(task, idle, async () => {
          const { ours } = await turns.divide(task, idle);
          return call(task, ours).finally(() => turns.release(ours));
        });
      },
    };
  };
}

const threw = (part: Part, error: unknown): readonly [Part, Outcome] => [part, { kind: 'threw', error }];

function ownCopy(shared: Shared | undefined): Outcome | undefined {
  if (shared === undefined) return undefined;
  if ('error' in shared) return { kind: 'threw', error: shared.error };
  return { kind: 'brought', isNew: false, brought: { ...shared.brought, value: JSON.parse(shared.text) } };
}
