import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Mode, Modes } from './fault-proxy.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { always, startUpstream } from './upstream.ts';

/** A server that sends back what it is sent, behind a proxy. */
async function startEcho() {
  await using opening = new AsyncDisposableStack();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opening.defer(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const proxy = opening.use(await startFaultProxy({ port: (server.address() as AddressInfo).port }));
  const opened = opening.move();
  return { proxy, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A connection that keeps what it receives and how it ended. */
async function dial(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let end: string | undefined;
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  socket.on('end', () => {
    end ??= 'end';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code;
  });
  socket.on('close', () => {
    end ??= 'close';
  });
  await once(socket, 'connect').catch(() => undefined);
  return {
    send: (text: string) => socket.write(text),
    text: () => Buffer.concat(chunks).toString('latin1'),
    chunks,
    end: () => end,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

const poll = { timeout: 2_000, interval: 5 };

test('bytes pass both ways, and the end as well', async () => {
  await using echo = await startEcho();
  using line = await dial(echo.proxy.port);
  line.send('hello');
  await expect.poll(line.text, poll).toBe('hello');
  expect(echo.proxy.url('redis')).toBe(`redis://127.0.0.1:${echo.proxy.port}`);
});

test('a refusing proxy destroys new connections and leaves open ones alone', async () => {
  await using echo = await startEcho();
  using open = await dial(echo.proxy.port);
  open.send('a');
  await expect.poll(open.text, poll).toBe('a');
  echo.proxy.set({ kind: 'refuse' });
  using late = await dial(echo.proxy.port);
  await expect.poll(late.end, poll).toMatch(/end|close|ECONNRESET/);
  open.send('b');
  await expect.poll(open.text, poll).toBe('ab');
});

test('a reset hits open connections at once, and the next ones', async () => {
  await using echo = await startEcho();
  using open = await dial(echo.proxy.port);
  open.send('a');
  await expect.poll(open.text, poll).toBe('a');
  echo.proxy.set({ kind: 'reset' });
  await expect.poll(open.end, poll).toBe('ECONNRESET');
  using late = await dial(echo.proxy.port);
  await expect.poll(late.end, poll).toBe('ECONNRESET');
  echo.proxy.set({ kind: 'pass' });
  using healed = await dial(echo.proxy.port);
  healed.send('b');
  await expect.poll(healed.text, poll).toBe('b');
});

test('a black hole takes everything and neither answers nor closes', async () => {
  await using echo = await startEcho();
  using line = await dial(echo.proxy.port);
  echo.proxy.set({ kind: 'blackHole' });
  line.send('lost');
  await setTimeout(100);
  expect([line.text(), line.end()]).toEqual(['', undefined]);
  echo.proxy.set({ kind: 'pass' });
  line.send('found');
  await expect.poll(line.text, poll).toBe('found');
});

const spoiled: readonly (readonly [Mode | Modes, string, string | undefined])[] = [
  [{ down: { kind: 'cutAfter', bytes: 3 } }, 'abc', 'end'],
  [{ up: { kind: 'cutAfter', bytes: 3 } }, '', 'end'],
  [{ down: { kind: 'corrupt', offset: 1 } }, 'a\x9dcdef', undefined],
  [{ up: { kind: 'corrupt', offset: 5 } }, 'abcde\x99', undefined],
  [{ kind: 'slice' }, 'abcdef', undefined],
  [{ down: { kind: 'halfClose' } }, '', 'end'],
];

test.for(spoiled)('%j spoils the answer', async ([modes, text, end]) => {
  await using echo = await startEcho();
  echo.proxy.set(modes);
  using line = await dial(echo.proxy.port);
  line.send('abcdef');
  if (end === undefined) await expect.poll(line.text, poll).toHaveLength(text.length);
  else await expect.poll(line.end, poll).toBe(end);
  if ('up' in modes && end !== undefined) return;
  expect([line.text(), line.end()]).toEqual([text, end]);
});

test('a half-closed direction ends while the connection is open', async () => {
  await using echo = await startEcho();
  using line = await dial(echo.proxy.port);
  line.send('a');
  await expect.poll(line.text, poll).toBe('a');
  echo.proxy.set({ down: { kind: 'halfClose' } });
  await expect.poll(line.end, poll).toBe('end');
});

test('latency waits in each direction it is set for, and keeps the order', async () => {
  await using echo = await startEcho();
  echo.proxy.set({ down: { kind: 'latency', ms: 40, jitterMs: 20 } });
  using line = await dial(echo.proxy.port);
  const startedAt = performance.now();
  for (const letter of 'abc') {
    line.send(letter);
    await setTimeout(5);
  }
  await expect.poll(line.text, poll).toBe('abc');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
});

test('an HTTP server is reached, cut and slowed through it', async () => {
  await using upstream = await startUpstream(always(200, '{"ok":true}'));
  await using proxy = await startFaultProxy({ port: Number(new URL(upstream.url).port) });
  const ask = async () => (await fetch(proxy.url('http'), { headers: { connection: 'close' } })).json();
  expect(await ask()).toEqual({ ok: true });
  proxy.set({ down: { kind: 'slice' } });
  expect(await ask()).toEqual({ ok: true });
  proxy.set({ down: { kind: 'cutAfter', bytes: 100 } });
  await expect(ask()).rejects.toThrow();
  proxy.set({ kind: 'reset' });
  await expect(ask()).rejects.toThrow('fetch failed');
  proxy.set({ kind: 'pass' });
  expect(await ask()).toEqual({ ok: true });
});
