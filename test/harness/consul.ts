import type { ServerResponse } from 'node:http';
import type { UpstreamUnderTest } from './upstream.ts';
import { startUpstream } from './upstream.ts';

export type ConsulUnderTest = AsyncDisposable & {
  readonly server: UpstreamUnderTest;
  /** The token of every look-up so far. */
  readonly tokens: readonly unknown[];
  /** Puts another list in place, or another status. */
  readonly change: (urls: readonly string[], status?: number) => void;
};

/** Speaks Consul's health API: answers at once for an old index, else when the list changes. */
export async function startConsul(): Promise<ConsulUnderTest> {
  const waiting: (() => void)[] = [];
  const tokens: unknown[] = [];
  const state = { index: 1, status: 200, urls: [] as readonly string[] };
  const list = () =>
    state.urls.map((url) => ({
      Node: { Address: new URL(url).hostname },
      Service: { Address: '', Port: Number(new URL(url).port) },
    }));
  const answer = (response: ServerResponse): void =>
    void response
      .writeHead(state.status, { 'content-type': 'application/json', 'x-consul-index': String(state.index) })
      .end(JSON.stringify(list()));
  const server = await startUpstream((request, response) => {
    tokens.push(request.headers['x-consul-token']);
    const asked = Number(new URL(request.url ?? '', 'http://consul').searchParams.get('index'));
    if (asked < state.index || state.status !== 200) answer(response);
    else waiting.push(() => answer(response));
  });
  return {
    server,
    tokens,
    change(urls, status = 200) {
      Object.assign(state, { urls, status, index: state.index + 1 });
      for (const go of waiting.splice(0)) go();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
