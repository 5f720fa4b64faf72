import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { controlRoute } from '#ops/sandbox/control-route.ts';
import { isHealthPath, pathOf } from '#ops/sandbox/paths.ts';
import type { Fault, FaultInput } from './fault.ts';
import { FaultList } from './fault.ts';
import type { Random } from './random.ts';
import { seededRandom } from './random.ts';
import type { AnsweringFault } from './strike.ts';
import { needsAnswer, strike } from './strike.ts';

/** Makes one service fail on demand, from code and over HTTP at `/sandbox/faults`. */
export type FaultSwitch = {
  /** Takes the place of all faults set before; an empty list ends them. */
  readonly set: (faults: FaultInput | readonly FaultInput[]) => void;
  /** What is set, with defaults filled in; `times` is how often each will still strike. */
  readonly list: () => readonly Fault[];
  /** Call it before the routes. */
  readonly install: (app: FastifyInstance) => void;
};

/** A fault that is set, with its own series of random numbers. */
type Armed = { readonly fault: Fault; readonly random: Random; left: number };

export function faultSwitch(): FaultSwitch {
  let armed: readonly Armed[] = [];
  const set = (faults: unknown): void => {
    armed = FaultList.parse(faults).map((fault) => ({ fault, random: seededRandom(fault.seed), left: fault.times ?? Infinity }));
  };
  const list = () => armed.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));

  /** Whether this call is struck; each matching call takes one number of the series, so that a run replays. */
  const strikes = (candidate: Armed, request: FastifyRequest): boolean => {
    if (!matches(candidate.fault, request) || candidate.random() >= candidate.fault.rate) return false;
    candidate.left -= 1;
    if (candidate.left === 0) armed = armed.filter((other) => other !== candidate);
    return true;
  };

  /** Waits as the faults say, and gives the first that is more than a wait. */
  const meet = async (request: FastifyRequest, reply: FastifyReply): Promise<AnsweringFault | undefined> => {
    for (const candidate of armed) {
      if (!strikes(candidate, request)) continue;
      const { fault, random } = candidate;
      await wait(reply, delayOf(fault, random));
      if (reply.raw.destroyed) return undefined;
      if (fault.kind !== 'latency') return fault;
    }
    return undefined;
  };

  return {
    set,
    list,
    install(app) {
      intercept(app, { isSet: () => armed.length > 0, meet });
      controlRoute(app, { path: '/sandbox/faults', read: list, write: set, clear: () => set([]) });
    },
  };
}

type Interception = {
  readonly isSet: () => boolean;
  readonly meet: (request: FastifyRequest, reply: FastifyReply) => Promise<AnsweringFault | undefined>;
};

/** Faults before the work strike as the request comes in, those after it as the answer goes out. */
function intercept(app: FastifyInstance, { isSet, meet }: Interception): void {
  const afterWork = new WeakMap<FastifyRequest, AnsweringFault>();
  app.addHook('onRequest', async (request, reply) => {
    if (!isSet() || request.url.startsWith('/sandbox/')) return;
    const fault = await meet(request, reply);
    if (reply.raw.destroyed) reply.hijack();
    else if (fault && needsAnswer(fault)) afterWork.set(request, fault);
    else if (fault) strike(fault, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const fault = afterWork.get(request);
    if (fault === undefined) return;
    strike(fault, reply, textOf(payload));
    // The reply is out of Fastify's hands, so the chain of hooks never goes on.
    await new Promise(() => undefined);
  });
}

const textOf = (payload: unknown): string => (typeof payload === 'string' || Buffer.isBuffer(payload) ? String(payload) : '');

function matches({ match: { method, path } }: Fault, request: FastifyRequest): boolean {
  if (method !== undefined && method !== request.method) return false;
  const asked = pathOf(request.url);
  return path === undefined ? !isHealthPath(asked) : asked.startsWith(path);
}

function delayOf({ latencyMs, jitterMs }: Fault, random: Random): number {
  return jitterMs === 0 ? latencyMs : Math.max(0, latencyMs + jitterMs * (2 * random() - 1));
}

/** Ends early when the caller or the sandbox closes the connection. */
async function wait({ raw }: FastifyReply, ms: number): Promise<void> {
  if (ms === 0) return;
  const closed = new AbortController();
  const close = () => closed.abort();
  raw.once('close', close);
  await setTimeout(ms, undefined, { signal: closed.signal }).catch(() => undefined);
  raw.off('close', close);
}
