import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export type RawClient = Disposable & {
  readonly write: (text: string) => void;
  /** Resolves with all that came once it matches. */
  readonly received: (wanted: RegExp) => Promise<string>;
  /** Resolves with all that came when the other side has hung up. */
  readonly ended: Promise<string>;
};

/** A client that writes what no HTTP library would. */
export async function connectRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => (text += chunk));
  // A reset is one way of hanging up.
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  return {
    write: (part) => void socket.write(part),
    ended,
    received: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (wanted.test(text)) resolve(text);
        };
        socket.on('data', look);
        look();
        ended.then(() => reject(new Error(`It hung up without ${wanted}:\n${text}`)), reject);
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
