import type { FastifyInstance } from 'fastify';

type Options = {
  /** Time for what runs to be answered. */
  readonly graceMs: number;
};

/** Accepts nothing more and waits for what runs; after the grace that is cut off, which `onCut` hears with the number of its connections. */
export async function closeInOrder(app: FastifyInstance, { graceMs }: Options, onCut: (open: number) => void): Promise<void> {
  const cut = setTimeout(() => {
    app.server.getConnections((_, open) => {
      onCut(open);
      app.server.closeAllConnections();
    });
  }, graceMs);
  await app.close();
  clearTimeout(cut);
}
