import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Upload } from '#kit/upload.ts';
import { person } from '#test/harness/callers.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const process = `mutation ($file: Upload!, $key: String) {
  processDocument(file: $file, idempotencyKey: $key) {
    success message confidenceScore samplesFound processingTimeSeconds
    submission { id fileName status sampleType matchedSample { barcode } }
    extracted { administrative sample }
  }
}`;
const ask =
  'query ($query: String!, $session: String) { askLab(query: $query, sessionId: $session) { answer sessionId confidence processingTimeSeconds sources { title relevance } } }';

const intake = 'Submitter: Dr. Müller\nSample ID: ABC-12345\nSample type: DNA\nVolume: 50 µL\n';
const file = (content: string | Uint8Array<ArrayBuffer>, filename = 'Aufnahme Müller.txt'): Upload =>
  new Upload({ filename, mimetype: 'text/plain', bytes: Buffer.from(content) });

type Listed = { readonly submissions: readonly { readonly id: string; readonly filename?: string }[] };

/** Submissions that were handed in, as the service itself shows them. */
async function handedIn({ upstream }: SubgraphUnderTest): Promise<Listed['submissions']> {
  const { submissions } = (await (await fetch(`${upstream}/api/submissions`)).json()) as Listed;
  return submissions.filter(({ id }) => !id.startsWith('RAG-'));
}

const writesOf = ({ calls }: SubgraphUnderTest): string[] =>
  calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

const ways = ['askLocally', 'askServed'] as const;

test.for(ways)('a document that names a sample is kept with its name and its content (%s)', async (way) => {
  await using rag = await startSubgraph('rag');
  const { data, errors } = await rag[way](process, { file: file(intake) });
  expect(errors).toBeUndefined();
  expect(data?.['processDocument']).toMatchObject({
    success: true,
    message: 'The document was read and kept.',
    samplesFound: 1,
    submission: {
      fileName: 'Aufnahme Müller.txt',
      status: 'COMPLETED',
      sampleType: 'DNA',
      matchedSample: { barcode: 'ABC-12345' },
    },
    extracted: { administrative: { submitter_name: 'Dr. Müller' }, sample: { volume: '50 µL' } },
  });
  expect(await handedIn(rag)).toMatchObject([
    { filename: 'Aufnahme Müller.txt', extracted_data: { sample: { sample_id: 'ABC-12345' } } },
  ]);
});

test('a document without a sample, and one that is not text, are told apart and not kept', async () => {
  await using rag = await startSubgraph('rag');
  const without = await rag.askLocally(process, { file: file('nothing of interest') });
  expect(without.data?.['processDocument']).toMatchObject({
    success: true,
    message: 'The document names no sample; nothing was kept.',
    submission: null,
  });
  const binary = await rag.askLocally(process, { file: file(new Uint8Array([0xff, 0xfe, 0x00])) });
  expect(binary.data?.['processDocument']).toMatchObject({ success: false, samplesFound: 0, submission: null });
  expect(await handedIn(rag)).toEqual([]);
});

test('each document of one operation finds its own submission', async () => {
  await using rag = await startSubgraph('rag');
  const { data, errors } = await rag.askLocally(
    'mutation ($a: Upload!, $b: Upload!) { a: processDocument(file: $a) { submission { fileName } } b: processDocument(file: $b) { submission { fileName } } }',
    { a: file(intake, 'a.txt'), b: file(intake, 'b.txt') },
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ a: { submission: { fileName: 'a.txt' } }, b: { submission: { fileName: 'b.txt' } } });
});

test('the same key and file twice hands in one document; another file with that key is refused', async () => {
  await using rag = await startSubgraph('rag');
  const first = await rag.askLocally(process, { file: file(intake), key: 'attempt-1' });
  const second = await rag.askLocally(process, { file: file(intake), key: 'attempt-1' });
  expect(first.errors).toBeUndefined();
  expect(second).toEqual(first);
  const other = await rag.askLocally(process, { file: file(`${intake} `), key: 'attempt-1' });
  expect(other.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(await handedIn(rag)).toHaveLength(1);
});

test.for(ways)('what only looks like a file is refused without a call (%s)', async (way) => {
  await using rag = await startSubgraph('rag');
  for (const fake of ['text', { filename: 'a.txt', mimetype: 'text/plain', bytes: [1] }, null]) {
    const { errors } = await rag[way](process, { file: fake });
    expect(errors?.length).toBeGreaterThan(0);
    for (const { extensions } of errors ?? []) expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  }
  const literal = await rag[way]('mutation { processDocument(file: "text") { success } }');
  expect(['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED']).toContain(literal.errors?.[0]?.extensions?.['code']);
  expect(rag.calls).toEqual([]);
});

test('whoever may not hand in or ask is refused without a call', async () => {
  await using rag = await startSubgraph('rag');
  const analyst = await rag.askLocally(process, { file: file(intake) }, { caller: person('data_analyst') });
  expect(analyst.errors).toMatchObject([{ message: 'This needs the scope documents:write.', extensions: { code: 'FORBIDDEN' } }]);
  const guest = await rag.ask(ask, { query: 'Where is DNA stored?' }, { caller: person('guest') });
  expect(guest.errors).toMatchObject([{ message: 'This needs the scope documents:ask.', extensions: { code: 'FORBIDDEN' } }]);
  expect(rag.calls).toEqual([]);
});

test('a question is answered with its sources, and the conversation keeps its name', async () => {
  await using rag = await startSubgraph('rag');
  const { data, errors } = await rag.ask(
    'query { a: askLab(query: "How is DNA stored?", sessionId: "mine") { answer sessionId confidence sources { title relevance } } b: askLab(query: "And RNA?") { sessionId } }',
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    a: {
      answer: expect.stringContaining('-80C'),
      sessionId: 'mine',
      confidence: 0.85,
      sources: [{ title: 'Storage guidelines', relevance: 0.9 }],
    },
    b: { sessionId: null },
  });
});

test.for([
  [{ query: '' }, 'query: must have 1 to 2000 characters.'],
  [{ query: 'x '.repeat(1_001) }, 'query: must have 1 to 2000 characters.'],
  [{ query: 'Where?', session: '' }, 'sessionId: must have 1 to 128 characters.'],
] as const)('a question out of bounds is refused without a call (%#)', async ([given, message]) => {
  await using rag = await startSubgraph('rag');
  const { errors } = await rag.ask(ask, given);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(rag.calls).toEqual([]);
});

test('callers with the same name for a conversation do not meet in it', async () => {
  const sessions: string[] = [];
  const answer = { answer: 'So.', session_id: 'x', confidence_score: 1, processing_time: 0, sources: [] };
  await using upstream = await startUpstream((request, response) => {
    void text(request).then((body) => {
      sessions.push(JSON.parse(body).session_id);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await using rag = await startSubgraph('rag', { url: upstream.url });
  const one = person('data_analyst', 'one');
  const other = person('data_analyst', 'other');
  for (const caller of [one, other, one])
    expect((await rag.askLocally(ask, { query: 'So?', session: 'mine' }, { caller })).errors).toBeUndefined();
  await rag.askLocally(ask, { query: 'So?' }, { caller: one });
  const [first, second, third, unnamed] = sessions;
  expect(third).toBe(first);
  expect(new Set([first, second, unnamed, 'mine', 'default']).size).toBe(5);
});

const processed = {
  success: true,
  confidence_score: 1,
  samples_found: 1,
  processing_time: 0,
  extracted_data: null,
  message: 'at db-7.internal',
  submission_id: null,
};

test.for([
  [500, '', { code: 'UPSTREAM_UNAVAILABLE', retryable: false, outcome: 'UNKNOWN' }],
  [200, '{"success":', { code: 'UPSTREAM_INVALID_RESPONSE', outcome: 'UNKNOWN' }],
  [422, '{"detail":"at db-7.internal"}', { code: 'BAD_USER_INPUT' }],
  [413, '', { code: 'BAD_USER_INPUT' }],
  [429, '', { code: 'UPSTREAM_RATE_LIMITED' }],
] as const)(
  'an answer of %i to a document is told in our words, and nothing is sent again',
  async ([status, body, extensions]) => {
    await using upstream = await startUpstream(always(status, body));
    await using rag = await startSubgraph('rag', { url: upstream.url });
    const { data, errors } = await rag.askLocally(process, { file: file(intake) });
    expect(data).toEqual({ processDocument: null });
    expect(errors).toMatchObject([{ path: ['processDocument'], extensions }]);
    expect(JSON.stringify(errors)).not.toContain('internal');
    expect(upstream.seen).toEqual(['POST /api/rag/process']);
  },
);

test('words of the service stay inside, and a submission it does not list is an error', async () => {
  await using upstream = await startUpstream((request, response) => {
    const body = request.method === 'POST' ? { ...processed, submission_id: '1a2b3c4d' } : { submissions: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await using rag = await startSubgraph('rag', { url: upstream.url });
  const { data, errors } = await rag.askLocally(process, { file: file(intake) });
  expect(data?.['processDocument']).toMatchObject({
    message: 'The document was read and kept.',
    submission: null,
    extracted: null,
  });
  expect(errors).toMatchObject([
    { path: ['processDocument', 'submission'], extensions: { code: 'UPSTREAM_INVALID_RESPONSE', service: 'rag' } },
  ]);
});

test('questions are not sent again either', async () => {
  await using upstream = await startUpstream(always(503, ''));
  await using rag = await startSubgraph('rag', { url: upstream.url });
  const { errors } = await rag.askLocally(ask, { query: 'So?' });
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'rag' } }]);
  expect(upstream.seen).toHaveLength(1);
});

test('a file name cannot leave its place in the form', async () => {
  await using rag = await startSubgraph('rag');
  await rag.askLocally(process, { file: file(intake, '../../etc/"evil"\r\nX: y.txt') });
  expect(writesOf(rag)).toEqual(['POST /api/rag/process']);
  expect(await handedIn(rag)).toMatchObject([{ filename: '%22evil%22X: y.txt' }]);
});
