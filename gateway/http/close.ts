import { once } from 'node:events';
import { Server } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

type Options = {
  /** How long load balancers were given to see that it ends, in milliseconds; without any, nobody is waited for. */
  readonly delayMs: number;
  /** Time for what runs to be answered. */
  readonly graceMs: number;
};

/** Accepts nothing more and waits for what runs; after the grace that is cut off, which `onCut` hears with the number of its connections. */
export async function closeInOrder(
  app: FastifyInstance,
  { delayMs, graceMs }: Options,
  onCut: (open: number) => void,
): Promise<void> {
  const cut = setTimeout(() => {
    app.server.getConnections((_, open) => {
      onCut(open);
      app.server.closeAllConnections();
    });
  }, graceMs);
  if (delayMs > 0) await leave(app.server, Math.min(graceMs, app.server.keepAliveTimeout));
  await app.close();
  clearTimeout(cut);
}

/**
 * Stops listening alone, and lets every connection end by its next answer or by its other end. The close of an HTTP server also
 * ends connections that wait for a request, and a balancer that has just written one to it would have to answer for it.
 */
async function leave(server: FastifyInstance['server'], waitMs: number): Promise<void> {
  await quietMoment();
  const ended = once(server, 'close');
  Server.prototype.close.call(server);
  await Promise.race([ended, pause(waitMs, undefined, { ref: false })]);
}

/** Turns of the event loop that are waited for at most. */
const mostTurns = 1_000;
/** A turn so short, in milliseconds, had nearly nothing to do. */
const shortTurnMs = 0.2;

/**
 * Waits for a turn in which nearly nothing was done: the system resets connections that it has taken for us and that we have not
 * taken yet when listening ends, and after such a turn there are none.
 */
async function quietMoment(): Promise<void> {
  for (let turn = 0; turn < mostTurns; turn++) {
    const begun = performance.now();
    await nextTurn();
    if (performance.now() - begun < shortTurnMs) return;
  }
}
