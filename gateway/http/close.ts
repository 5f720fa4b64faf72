import { Server } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

type Options = {
  /** How long the server went on with answers that end their connections before this, in milliseconds. */
  readonly delayMs: number;
  /** Time for what runs to be answered. */
  readonly graceMs: number;
};

/** Who connected just before the end has so long to send his request. */
const lingerMs = 500;

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
  if (delayMs > 0) await linger(app);
  await app.close();
  clearTimeout(cut);
}

/**
 * Stops listening alone. The close of an HTTP server also ends connections on which no request has arrived yet, and a balancer
 * that has just written one to it would have to answer for it.
 */
async function linger({ server }: FastifyInstance): Promise<void> {
  await quietMoment();
  Server.prototype.close.call(server);
  await pause(lingerMs);
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
