import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';

/** What the quirks of one service need; `isQuirky` is asked at every call, so that they can be switched while it runs. */
export type QuirkParts = {
  readonly clock: Clock;
  readonly isQuirky: () => boolean;
  /** Whether a sample with a decimal number spoils every list it is in. */
  readonly hasPoisonedRows: () => boolean;
};

export type Body = Readonly<Record<string, unknown>>;

/** Method and path pattern as the route was declared, as in `GET /samples/:id`. */
export type Route = `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}`;

/** Runs before the handler; a thrown failure or a sent reply takes its place. */
export type Before = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Runs once the work is done and answered well; gives another answer, or throws the failure that hides it. */
export type After = (body: Body, request: FastifyRequest, reply: FastifyReply) => unknown;

type Isolated = { readonly isQuirky: () => boolean };

export function before(app: FastifyInstance, { isQuirky }: Isolated, routes: Readonly<Record<Route, Before>>): void {
  const byRoute = new Map<string, Before>(Object.entries(routes));
  app.addHook('preHandler', async (request, reply) => {
    if (isQuirky()) await byRoute.get(routeOf(request))?.(request, reply);
  });
}

export function after(app: FastifyInstance, { isQuirky }: Isolated, routes: Readonly<Record<Route, After>>): void {
  const byRoute = new Map<string, After>(Object.entries(routes));
  app.addHook('preSerialization', async (request, reply, payload) => {
    const quirk = isQuirky() && reply.statusCode < 400 && isRecord(payload) ? byRoute.get(routeOf(request)) : undefined;
    return quirk && isRecord(payload) ? quirk(payload, request, reply) : payload;
  });
}

/** Changes every object of every answer, however deep. */
export function everyObject(app: FastifyInstance, { isQuirky }: Isolated, change: (object: Body) => Body): void {
  app.addHook('preSerialization', async (_request, _reply, payload) => (isQuirky() ? mapped(payload, change) : payload));
}

/** Closes the connection without an answer, as a panic in the real service does. */
export function drop(reply: FastifyReply): Promise<never> {
  reply.hijack();
  reply.raw.destroy();
  // Whatever Fastify would do next has nobody to do it for.
  return new Promise(() => undefined);
}

export const routeOf = ({ method, routeOptions }: FastifyRequest): string => `${method} ${routeOptions.url}`;

export function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapped(value: unknown, change: (object: Body) => Body): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, change));
  if (!isRecord(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change)])));
}
