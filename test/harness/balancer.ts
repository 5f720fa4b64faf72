import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

type Backend = { url: string; ready: boolean };

export type Balancer = AsyncDisposable & {
  readonly url: string;
  /** Sends no more to the first address and, as soon as it is ready, to the second one instead. */
  readonly replace: (old: string, next: string) => void;
  readonly isReady: (url: string) => boolean;
};

/** Spreads requests over the gateways whose `/ready` says 200, which it asks every few milliseconds; it repeats nothing. */
export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const backends: Backend[] = urls.map((url) => ({ url, ready: true }));
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const ready = backends.filter((backend) => backend.ready);
    const to = ready[turn++ % ready.length];
    if (to === undefined) return void outgoing.writeHead(502).end('no gateway is ready');
    const onward = request(to.url + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', (error) => outgoing.writeHead(502).end(String(error)));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const look = async (backend: Backend): Promise<void> => {
    const status = await fetch(`${backend.url}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
    backend.ready = status === 200;
  };
  const timer = setInterval(() => void Promise.all(backends.map(look)), 20);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replace(old, next) {
      const at = backends.findIndex(({ url }) => url === old);
      backends.splice(at, 1, { url: next, ready: false });
    },
    isReady: (url) => backends.some((backend) => backend.url === url && backend.ready),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
