import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { controlRoute } from '#ops/sandbox/control-route.ts';
import { authQuirks } from './auth.ts';
import { graphQuirks } from './graph.ts';
import type { QuirkParts } from './quirk.ts';
import { sampleQuirks } from './samples.ts';
import { sequencingQuirks } from './sequencing.ts';
import { storageQuirks } from './storage.ts';
import { templateQuirks } from './templates.ts';

/** What differs between the contract and the services as they were found. */
const QuirkState = z.strictObject({
  on: z.boolean(),
  /** Lists that hold a sample with a decimal number fail; apart, because nearly every seeded sample has one. */
  poisonedRows: z.boolean().default(false),
});

export type QuirkState = z.input<typeof QuirkState>;

/** Lets one service behave as the real one does, from code and over HTTP at `/sandbox/quirks`. */
export type QuirkSwitch = {
  readonly set: (state: QuirkState) => void;
  /** Call it before the faults and the routes: a fault spoils the quirky answer, not the other way round. */
  readonly install: (app: FastifyInstance) => void;
};

const quirks: Readonly<Record<ServiceName, (app: FastifyInstance, parts: QuirkParts) => void>> = {
  auth: authQuirks,
  samples: sampleQuirks,
  storage: storageQuirks,
  templates: templateQuirks,
  sequencing: sequencingQuirks,
  // Health without `/health`, 200 for failures and entries of two shapes are its contract already.
  rag: () => undefined,
  graph: graphQuirks,
};

type Options = { readonly name: ServiceName; readonly clock: Clock; readonly isOn: boolean };

export function quirkSwitch({ name, clock, isOn }: Options): QuirkSwitch {
  let state = { on: isOn, poisonedRows: false };
  const set = (wanted: unknown): void => {
    state = QuirkState.parse(wanted);
  };
  return {
    set,
    install(app) {
      quirks[name](app, { clock, isQuirky: () => state.on, hasPoisonedRows: () => state.on && state.poisonedRows });
      controlRoute(app, { path: '/sandbox/quirks', read: () => state, write: set, clear: () => set({ on: false }) });
    },
  };
}
