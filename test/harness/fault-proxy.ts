import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { seededRandom } from '#ops/sandbox/faults/random.ts';

/** What happens to the bytes of one direction; all times in milliseconds, all counts in bytes from the connection's start. */
export type Mode =
  | { readonly kind: 'pass' }
  /** New connections are destroyed at once; open ones pass. */
  | { readonly kind: 'refuse' }
  /** Connections are reset (RST), open ones right away. */
  | { readonly kind: 'reset' }
  /** Bytes are taken and thrown away; nothing closes. */
  | { readonly kind: 'blackHole' }
  | { readonly kind: 'latency'; readonly ms: number; readonly jitterMs?: number }
  /** Every byte is a write of its own. */
  | { readonly kind: 'slice' }
  /** The connection is destroyed after so many bytes went through. */
  | { readonly kind: 'cutAfter'; readonly bytes: number }
  /** The receiving side is told that nothing more comes; later bytes are thrown away. */
  | { readonly kind: 'halfClose' }
  /** All bits of the byte at this place are flipped. */
  | { readonly kind: 'corrupt'; readonly offset: number };

/** `up` is from the caller to the server, `down` from the server to the caller. */
export type Modes = { readonly up?: Mode; readonly down?: Mode };

export type FaultProxy = AsyncDisposable & {
  readonly port: number;
  readonly url: (scheme: string) => string;
  /** Both directions alike, or one by one (the one left out passes). Acts on open connections from their next byte on. */
  readonly set: (modes: Mode | Modes) => void;
};

type Options = { readonly host?: string; readonly port: number; readonly seed?: number };

/** A TCP proxy on 127.0.0.1 before any server, which spoils what goes through as it is told. Jitter follows `seed` (1). */
export async function startFaultProxy({ host = '127.0.0.1', port, seed = 1 }: Options): Promise<FaultProxy> {
  const random = seededRandom(seed);
  const sockets = new Set<Socket>();
  let modes: Required<Modes> = { up: pass, down: pass };
  const isAny = (kind: Mode['kind']) => modes.up.kind === kind || modes.down.kind === kind;
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    if (isAny('refuse')) return void caller.destroy();
    if (isAny('reset')) return void caller.resetAndDestroy();
    const target = connect({ host, port, allowHalfOpen: true });
    join(caller, target, sockets);
    relay({ from: caller, to: target, mode: () => modes.up, random });
    relay({ from: target, to: caller, mode: () => modes.down, random });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as AddressInfo).port;
  return {
    port: own,
    url: (scheme) => `${scheme}://127.0.0.1:${own}`,
    set(wanted) {
      modes = 'kind' in wanted ? { up: wanted, down: wanted } : { up: pass, down: pass, ...wanted };
      if (isAny('reset')) for (const socket of sockets) socket.resetAndDestroy();
      // Tells each relay to look at its mode without waiting for a byte.
      for (const socket of sockets) socket.emit('modes');
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const pass: Mode = { kind: 'pass' };

/** Two sockets that die together. */
function join(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    sockets.add(socket.setNoDelay(true));
    // An error is followed by close, which is where it matters.
    socket.on('error', () => undefined);
    socket.on('close', (hadError) => {
      sockets.delete(socket);
      if (hadError) peer.resetAndDestroy();
      else peer.destroy();
    });
  }
}

type Relay = { readonly from: Socket; readonly to: Socket; readonly mode: () => Mode; readonly random: () => number };

/** Bytes leave in the order they came, whatever the waits between them. */
function relay({ from, to, mode, random }: Relay): void {
  let done = Promise.resolve();
  let offset = 0;
  const inOrder = (step: () => unknown) => {
    done = done.then(async () => {
      if (!to.destroyed) await step();
    });
  };
  from.on('data', (bytes: Buffer) => {
    from.pause();
    inOrder(async () => {
      await deliver({ bytes, offset, mode: mode(), random }, to);
      offset += bytes.length;
      from.resume();
    });
  });
  from.on('end', () => inOrder(() => mode().kind !== 'blackHole' && to.end()));
  from.on('modes', () => inOrder(() => mode().kind === 'halfClose' && to.end()));
}

type Passage = { readonly bytes: Buffer; readonly offset: number; readonly mode: Mode; readonly random: () => number };

async function deliver({ bytes, offset, mode, random }: Passage, to: Socket): Promise<void> {
  switch (mode.kind) {
    case 'pass':
    case 'refuse':
    case 'reset':
      return write(to, bytes);
    case 'blackHole':
      return;
    case 'latency':
      await setTimeout(Math.max(0, mode.ms + (mode.jitterMs ?? 0) * (2 * random() - 1)));
      return write(to, bytes);
    case 'slice':
      for (const byte of bytes) await write(to, Uint8Array.of(byte));
      return;
    case 'cutAfter':
      await write(to, bytes.subarray(0, Math.max(0, mode.bytes - offset)));
      if (offset + bytes.length >= mode.bytes) to.destroy();
      return;
    case 'halfClose':
      return void to.end();
    case 'corrupt':
      return write(
        to,
        bytes.map((byte, index) => (offset + index === mode.offset ? byte ^ 0xff : byte)),
      );
  }
}

/** Resolves when the bytes are with the system, or the socket is gone. */
const write = (to: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (bytes.length === 0 || !to.writable) resolve();
    else to.write(bytes, () => resolve());
  });
