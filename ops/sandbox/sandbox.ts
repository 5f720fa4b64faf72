import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import type { OwnerOf } from './data/owners.ts';
import { seedOwners } from './data/owners.ts';
import type { FaultInput } from './faults/fault.ts';
import type { FaultSwitch } from './faults/fault-switch.ts';
import { faultSwitch } from './faults/fault-switch.ts';
import { pathOf } from './paths.ts';
import type { QuirkState, QuirkSwitch } from './quirks/quirk-switch.ts';
import { quirkSwitch } from './quirks/quirk-switch.ts';
import { services } from './registry.ts';
import type { SandboxService } from './service.ts';

export type SandboxOptions = {
  /** Which services to start; default all seven. */
  readonly services?: readonly ServiceName[];
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** `fixed` (default): the port of the service or the next free one above it. `any`: whatever is free, for tests. */
  readonly ports?: 'fixed' | 'any';
  readonly clock?: Clock;
  /** Whose the samples of the seed data are; default three organizations in turn. */
  readonly ownerOf?: OwnerOf;
  /** Services that behave as the real ones were found to, not as their contract says; `true` is all, default none. */
  readonly quirks?: boolean | readonly ServiceName[];
  /** Told of every call once it is over, be it answered or broken off; not of the sandbox's own routes under `/sandbox/`. */
  readonly onCall?: (call: SandboxCall) => void;
  /** Installed on every service before its routes, in this order. */
  readonly hooks?: readonly ServiceHook[];
};

/** Changes how a service behaves from outside its code: a fault, a delay, a difference from the contract. */
export type ServiceHook = (app: FastifyInstance, name: ServiceName) => void;

export type SandboxCall = {
  readonly service: ServiceName;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** 0 when not even the head of an answer was sent. */
  readonly status: number;
};

export type Sandbox = AsyncDisposable & {
  readonly urls: ReadonlyMap<ServiceName, string>;
  /** Closes one service and destroys its open sockets, so that its callers see it die; does nothing the second time. */
  readonly stop: (name: ServiceName) => Promise<void>;
  /** Lets a service fail in this way from the next call on; an empty list heals it. */
  readonly faults: (name: ServiceName, faults: FaultInput | readonly FaultInput[]) => void;
  /** Switches the quirks of a service from the next call on. */
  readonly quirks: (name: ServiceName, state: QuirkState) => void;
};

type Running = AsyncDisposable & {
  readonly name: ServiceName;
  readonly url: string;
  readonly faults: FaultSwitch;
  readonly quirks: QuirkSwitch;
};

type Settings = Required<Pick<SandboxOptions, 'host' | 'ports' | 'clock' | 'ownerOf' | 'quirks' | 'hooks'>> &
  Pick<SandboxOptions, 'onCall'>;

const defaults = {
  host: '127.0.0.1',
  ports: 'fixed',
  clock: systemClock,
  ownerOf: seedOwners,
  quirks: false,
  hooks: [],
} as const;

const maxBodyBytes = 2 * 1024 * 1024;

/** Starts the laboratory's services over fresh seed data, all at once. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  await using opening = new AsyncDisposableStack();
  const settings: Settings = { ...defaults, ...options };
  const names = [...new Set(options.services ?? serviceNames)];
  const outcomes = await Promise.allSettled(names.map((name) => startService(services[name], settings)));
  // Whatever did start must be in the stack before the first failure is thrown.
  const running = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => opening.use(value));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw new Error('The sandbox did not start.', { cause: failed.reason });
  const opened = opening.move();
  const find = (name: ServiceName) => running.find((service) => service.name === name);
  return {
    urls: new Map(running.map(({ name, url }) => [name, url])),
    stop: async (name) => find(name)?.[Symbol.asyncDispose](),
    faults: (name, faults) => find(name)?.faults.set(faults),
    quirks: (name, state) => find(name)?.quirks.set(state),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function startService(service: SandboxService, settings: Settings): Promise<Running> {
  await using opening = new AsyncDisposableStack();
  const { routes } = opening.use(await service.open(settings));
  const app = fastify({ bodyLimit: maxBodyBytes, forceCloseConnections: true, routerOptions: { maxParamLength: 1024 } });
  opening.adopt(app, async () => void (await app.close()));
  if (settings.onCall) report(app, { name: service.name, onCall: settings.onCall });
  for (const install of settings.hooks) install(app, service.name);
  const quirks = quirkSwitch({ name: service.name, clock: settings.clock, isOn: isQuirky(service.name, settings) });
  const faults = faultSwitch();
  quirks.install(app);
  faults.install(app);
  routes(app);
  const url = await listen(app, settings.host, portsToTry(service, settings.ports));
  const opened = opening.move();
  return { name: service.name, url, faults, quirks, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const isQuirky = (name: ServiceName, { quirks }: Settings): boolean =>
  typeof quirks === 'boolean' ? quirks : quirks.includes(name);

type Reporting = { readonly name: ServiceName; readonly onCall: (call: SandboxCall) => void };

function report(app: FastifyInstance, { name, onCall }: Reporting): void {
  app.addHook('onRequest', async ({ method, url, headers }, { raw }) => {
    const path = pathOf(url);
    if (path.startsWith('/sandbox/')) return;
    const { searchParams } = new URL(url, 'http://sandbox');
    raw.once('close', () => {
      onCall({ service: name, method, path, query: searchParams, headers, status: raw.headersSent ? raw.statusCode : 0 });
    });
  });
}

/** A service never takes the port another one of the sandbox prefers. */
function portsToTry({ port }: SandboxService, ports: 'fixed' | 'any'): readonly number[] {
  if (ports === 'any') return [0];
  const preferred = new Set(Object.values(services).map((other) => other.port));
  const above = Array.from({ length: 100 }, (_, index) => port + 1 + index);
  return [port, ...above.filter((candidate) => !preferred.has(candidate))];
}

async function listen(app: FastifyInstance, host: string, ports: readonly number[]): Promise<string> {
  for (const port of ports) {
    try {
      return await app.listen({ host, port });
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
  throw new Error(`Every port from ${ports.at(0)} to ${ports.at(-1)} is taken.`);
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
