import { frameRows } from '#ops/sandbox/data/graph.ts';
import type { ServiceFailure } from '#ops/sandbox/failure.ts';
import { installConventions, Rejection } from '#ops/sandbox/failure.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { authRoutes } from './graph/auth.ts';
import { catalogRoutes } from './graph/catalog.ts';
import { openEngine } from './graph/engine.ts';
import { healthRoutes } from './graph/health.ts';
import { queryRoutes } from './graph/queries.ts';
import { tokens } from './graph/tokens.ts';

/** The RocketGraph REST API as documented, over an embedded graph engine that runs the Cypher (graph contract section 1). */
export const graphService: SandboxService = {
  name: 'graph',
  port: 8090,
  open: async ({ clock, ownerOf }) => {
    const rows = frameRows(ownerOf);
    const engine = await openEngine(rows);
    const parts = { clock, engine, rows, tokens: tokens(clock) };
    return {
      routes: (app) => {
        installConventions(app, { clock, textRejections: false, formatError, unforeseenCode: 'INTERNAL_SERVER_ERROR' });
        authRoutes(app, parts);
        healthRoutes(app, parts);
        catalogRoutes(app, parts);
        queryRoutes(app, parts);
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  },
};

/** The web framework and its input checks speak of a `detail`, the service itself of an `error` with a code. */
function formatError(failure: ServiceFailure): Record<string, unknown> {
  if (failure instanceof Rejection) return { detail: failure.message };
  if (failure.status === 422) return { detail: failure.detail };
  return { error: { code: failure.code, message: failure.message, details: failure.detail ?? {} } };
}
