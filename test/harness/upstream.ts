import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export type UpstreamUnderTest = AsyncDisposable & {
  readonly url: string;
  /** Method and URL of every request so far. */
  readonly seen: string[];
  /** Most requests that were open at one moment. */
  readonly peak: () => number;
};

/** An HTTP server that answers as the test says. */
export async function startUpstream(handle: Handle): Promise<UpstreamUnderTest> {
  const seen: string[] = [];
  let open = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    peak = Math.max(peak, ++open);
    response.once('close', () => open--);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    peak: () => peak,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers every request alike. */
export const always =
  (status: number, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Handle =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
