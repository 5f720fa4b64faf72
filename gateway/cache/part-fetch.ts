import type { SubgraphHandler } from '#gateway/request.ts';
import { inTime } from '#kit/in-time.ts';
import type { Flights } from './flights.ts';
import type { Fly, Shared } from './landing.ts';
import { flightKey } from './landing.ts';
import type { Leading, Outcomes } from './leading.ts';
import { leading } from './leading.ts';
import type { Part } from './lookup.ts';
import type { Outcome, Task } from './outcome.ts';
import type { Turns } from './turns.ts';

type Options = { readonly flights: Flights<Shared>; readonly fly: Fly; readonly turns: Turns };

export type PartFetch = {
  /** Brings all parts, by a call of its own or with others who are fetching the same; never throws. */
  readonly bring: (task: Task, parts: readonly Part[]) => Promise<Outcomes>;
  /** Brings what nobody else is bringing, for later readers. */
  readonly refresh: (task: Task, parts: readonly Part[]) => Promise<unknown>;
};

/** How long somebody else's fetch is waited for before one's own. */
const followMs = 1_000;

export function partFetches({ flights, fly, turns }: Options): (next: SubgraphHandler) => PartFetch {
  const leadingTo = leading({ fly, turns });
  const flightOf = (task: Task, { slot }: Part) => (slot === undefined ? undefined : flights.join(flightKey(task, slot)));
  return (next) => {
    const { lead, renew } = leadingTo(next);
    const leadOwn = leadingOrThrown(lead);
    const bring = async (task: Task, parts: readonly Part[], joinUntil: number): Promise<Outcomes> => {
      const leftMs = joinUntil - performance.now();
      const own: Part[] = [];
      const following: Promise<readonly [Part, Outcome | undefined]>[] = [];
      for (const part of parts) {
        const flight = leftMs <= 0 ? undefined : flightOf(task, part);
        if (flight === undefined) own.push(part);
        else following.push(follow(flight, leftMs).then((outcome) => [part, outcome]));
      }
      const [led, followed] = await Promise.all([leadOwn(task, own), Promise.all(following)]);
      const again = followed.flatMap(([part, outcome]) => (outcome === undefined ? [part] : []));
      const late = again.length === 0 ? [] : await bring(task, again, joinUntil);
      return new Map([...led, ...followed.flatMap(([part, outcome]) => (outcome ? [[part, outcome] as const] : [])), ...late]);
    };
    return {
      bring: (task, parts) => bring(task, parts, performance.now() + followMs),
      async refresh(task, parts) {
        const idle = parts.filter((part) => part.slot !== undefined && flightOf(task, part) === undefined);
        if (idle.length > 0) await renew(task, idle);
      },
    };
  };
}

const leadingOrThrown =
  (lead: Leading['lead']) =>
  async (task: Task, parts: readonly Part[]): Promise<Outcomes> => {
    if (parts.length === 0) return new Map();
    return lead(task, parts).catch((error: unknown) => new Map(parts.map((part) => [part, { kind: 'threw', error }])));
  };

/** What another fetch brings, with a value of one's own; undefined when it is given up or not in time. */
async function follow(flight: Promise<Shared | undefined>, leftMs: number): Promise<Outcome | undefined> {
  const shared = await inTime(flight, leftMs).catch(() => undefined);
  if (shared === undefined) return undefined;
  if ('error' in shared) return { kind: 'threw', error: shared.error };
  return { kind: 'brought', isNew: false, brought: { ...shared.brought, value: JSON.parse(shared.text) } };
}
