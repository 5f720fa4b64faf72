import { Session } from 'node:inspector/promises';

/**
 * Collects what a start left behind and gives the room of it back to the system: a third of all memory of the process. V8 made
 * its young generation as large as a start needs it, and keeps it so; from here on it grows with the load. Nothing else runs
 * for 0.1 to 0.3 s.
 */
export async function giveBackMemory(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}
