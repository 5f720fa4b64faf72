import { expect, test } from 'vitest';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import { systemClock } from '#kit/clock.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { ragSubgraph } from '#subgraphs/rag/subgraph.ts';
import { serve } from '#subgraphs/serve.ts';
import { administrator } from '#test/harness/callers.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const secret = 'a secret of this test, long enough for it';
const preflight = { 'apollo-require-preflight': '1' };
const processed = JSON.stringify({ success: true, confidence_score: 1, samples_found: 0, processing_time: 0 });

/** The document subgraph as its own server, which takes files of at most 100 bytes. */
async function startServed() {
  await using opening = new AsyncDisposableStack();
  const upstream = opening.use(await startUpstream(always(200, processed)));
  const unexpected: unknown[] = [];
  const onUnexpectedError = (error: unknown): void => void unexpected.push(error);
  const settings = { ...readUpstreamSettings('rag', {}), url: upstream.url };
  const parts = { clock: systemClock, onUnexpectedError };
  const upstreams = opening.use(await openUpstreams(new Map([['rag' as const, settings]]), parts));
  const running = ragSubgraph.open({ ...parts, upstreams });
  const uploads = { maxUploadBytes: 100, maxUploads: 1, maxUploadMemory: 10_000 };
  const served = opening.use(await serve(running, { host: '127.0.0.1', port: 0, secret, uploads, onUnexpectedError }));
  const opened = opening.move();
  const send = async (content: string, headers: Record<string, string>) => {
    const body = new FormData();
    const query = 'mutation ($file: Upload!) { processDocument(file: $file) { success } }';
    body.append('operations', JSON.stringify({ query, variables: { file: null } }));
    body.append('map', '{"0":["variables.file"]}');
    body.append('0', new Blob([content]), 'a.txt');
    const response = await fetch(served.url, { method: 'POST', headers, body });
    return { status: response.status, answer: await response.json() };
  };
  return { upstream, unexpected, send, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const asGateway = async () => ({ ...preflight, [assertionHeader]: await assertionSigner(secret, 'rag')(administrator) });

test('a form of the gateway is answered', async () => {
  await using rag = await startServed();
  expect(await rag.send('short', await asGateway())).toEqual({
    status: 200,
    answer: { data: { processDocument: { success: true } } },
  });
  expect(rag.unexpected).toEqual([]);
});

test('a form of anybody else is refused before it is read', async () => {
  await using rag = await startServed();
  const forged = { ...preflight, [assertionHeader]: await assertionSigner(`not ${secret}`, 'rag')(administrator) };
  for (const headers of [preflight, forged]) {
    const { status, answer } = await rag.send('x'.repeat(1_000), headers);
    expect([status, answer.errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  }
  expect(rag.upstream.seen).toEqual([]);
});

test('a subgraph elsewhere has its own bound for files', async () => {
  await using rag = await startServed();
  const { status, answer } = await rag.send('x'.repeat(101), await asGateway());
  expect([status, answer.errors[0].extensions.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  expect(rag.upstream.seen).toEqual([]);
});
