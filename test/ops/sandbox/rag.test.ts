import { expect, test } from 'vitest';
import { barcodeOfSample, counts, range, submissionId } from '#ops/sandbox/data/facts.ts';
import type { BuiltInSubmission, Submission } from '#ops/sandbox/data/submissions.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

type List = {
  readonly submissions: readonly Submission[];
  readonly data: readonly Submission[];
  readonly totalCount: number;
  readonly processing: number;
  readonly completed: number;
  readonly failed: number;
};

async function startRag() {
  const sandbox = await startSandbox({ services: ['rag'], ports: 'any' });
  return { url: `${sandbox.urls.get('rag')}`, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

async function send(url: string, content: string | Uint8Array<ArrayBuffer>, name = 'file') {
  const form = new FormData();
  form.append(name, new File([content], 'intake.txt'));
  const response = await fetch(url, { method: 'POST', body: form });
  return { status: response.status, body: await response.json() };
}

const document = `Submitter: Submitter Nine
Contact: submitter.nine@partner.example
Sample ID: ABC-12345
Sample Type: DNA
Concentration: 50 ng/µL
Volume: 100 µL
`;

test('the list holds 25 submissions, counted by status', async () => {
  await using rag = await startRag();
  const { status, body } = await call<List>(`${rag.url}/api/rag/submissions`);
  expect(status).toBe(200);
  expect(body.totalCount).toBe(counts.submissions);
  expect(body.data).toEqual(body.submissions);
  expect(body.submissions.map(({ id }) => id)).toEqual(range(counts.submissions).map(submissionId));
  expect(body.processing + body.completed + body.failed).toBe(counts.submissions);
  expect(Math.min(body.processing, body.completed, body.failed)).toBeGreaterThan(0);
});

test('every submission names the barcode of its sample and a time without a zone', async () => {
  await using rag = await startRag();
  const { body } = await call<List>(`${rag.url}/api/rag/submissions`);
  for (const [index, submission] of body.submissions.entries()) {
    expect(submission.extracted_data.sample.sample_id).toBe(barcodeOfSample(index + 1));
    expect(submission.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  }
});

test('a built-in submission and an uploaded one have different fields', async () => {
  await using rag = await startRag();
  const builtIn = await call<BuiltInSubmission>(`${rag.url}/api/rag/submissions/${submissionId(1)}`);
  expect(builtIn.body).toMatchObject({
    id: submissionId(1),
    submission_id: submissionId(1),
    submitter_name: 'Submitter Two',
    sample_type: 'DNA',
    processing_time: expect.any(Number),
    extracted_data: { sample: { concentration: '154.8 ng/µL', volume: '105 µL' } },
  });
  const uploaded = await call<Submission>(`${rag.url}/api/rag/submissions/${submissionId(5)}`);
  const fields = ['id', 'filename', 'extracted_data', 'confidence_score', 'created_at', 'status'];
  expect(Object.keys(uploaded.body)).toEqual(fields);
});

test.for(['process', 'upload', 'process-document'])('a document sent to /%s becomes a submission', async (name) => {
  await using rag = await startRag();
  const { status, body } = await send(`${rag.url}/api/rag/${name}`, document);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    success: true,
    confidence_score: 1,
    samples_found: 1,
    submission_id: expect.stringMatching(/^[0-9a-f]{8}$/),
    extracted_data: {
      administrative: { submitter_name: 'Submitter Nine', submitter_email: 'submitter.nine@partner.example' },
      sample: { sample_id: 'ABC-12345', sample_type: 'DNA', concentration: '50 ng/µL', volume: '100 µL' },
    },
  });
  const stored = await call(`${rag.url}/api/rag/submissions/${body.submission_id}`);
  expect(stored.body).toMatchObject({ filename: 'intake.txt', status: 'completed', extracted_data: body.extracted_data });
  expect((await call<List>(`${rag.url}/api/rag/submissions`)).body.totalCount).toBe(counts.submissions + 1);
});

test('only uploaded submissions are in the short list', async () => {
  await using rag = await startRag();
  const { body } = await call<{ submissions: Submission[]; total: number }>(`${rag.url}/api/submissions`);
  expect(body.submissions.map(({ id }) => id)).toEqual([5, 10, 15, 20, 25].map(submissionId));
  expect(body.total).toBe(5);
});

test('a document that is not text or names no sample is a 200 that stores nothing', async () => {
  await using rag = await startRag();
  const binary = await send(`${rag.url}/api/rag/process`, new Uint8Array([0xff, 0xfe, 0x00, 0x80]));
  expect(binary).toMatchObject({ status: 200, body: { success: false, samples_found: 0, submission_id: null } });
  const prose = await send(`${rag.url}/api/rag/process`, 'Dear laboratory, see you soon.');
  expect(prose).toMatchObject({
    status: 200,
    body: { success: true, samples_found: 0, confidence_score: 0, submission_id: null },
  });
  expect((await call<List>(`${rag.url}/api/rag/submissions`)).body.totalCount).toBe(counts.submissions);
});

test('a question is answered with its sources', async () => {
  await using rag = await startRag();
  const ask = (body: unknown) => call(`${rag.url}/api/samples/rag/query`, { method: 'POST', body });
  expect((await ask({ query: 'How do I store DNA?' })).body).toEqual({
    answer: expect.stringContaining('-80C'),
    session_id: 'default',
    confidence_score: 0.85,
    processing_time: expect.any(Number),
    sources: [{ title: 'Storage guidelines', relevance: 0.9 }],
  });
  expect((await ask({ query: 'Hello', session_id: 's1' })).body).toMatchObject({ session_id: 's1' });
});

test('what is wrong with a request is a 422 with a list of places', async () => {
  await using rag = await startRag();
  const ask = (body: unknown) => call(`${rag.url}/api/samples/rag/query`, { method: 'POST', body });
  const missing = { type: 'missing', msg: 'Field required' };
  expect(await ask({})).toMatchObject({ status: 422, body: { detail: [{ ...missing, loc: ['body', 'query'], input: {} }] } });
  expect(await ask({ query: 7 })).toMatchObject({ status: 422, body: { detail: [{ type: 'string_type', input: 7 }] } });
  expect(await ask('{')).toMatchObject({ status: 422, body: { detail: [{ type: 'json_invalid' }] } });
  const noFile = { detail: [{ ...missing, loc: ['body', 'file'], input: null }] };
  expect(await send(`${rag.url}/api/rag/process`, document, 'other')).toEqual({ status: 422, body: noFile });
  expect(await call(`${rag.url}/api/rag/process`, { method: 'POST', body: {} })).toMatchObject({ status: 422, body: noFile });
});

test('errors carry a detail, even for routes that do not exist', async () => {
  await using rag = await startRag();
  const missing = await call(`${rag.url}/api/rag/submissions/RAG-999`);
  expect(missing).toMatchObject({ status: 404, body: { detail: 'Submission not found' } });
  expect(await call(`${rag.url}/nowhere`)).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  const wrongMethod = await call(`${rag.url}/api/rag/submissions/RAG-001`, { method: 'DELETE' });
  expect(wrongMethod).toMatchObject({ status: 405, body: { detail: 'Method Not Allowed' } });
});

test('health lives under /api/v1 and nowhere else', async () => {
  await using rag = await startRag();
  const health = await call(`${rag.url}/api/v1/health`);
  expect(health.body).toMatchObject({ status: 'healthy', service: 'Enhanced RAG Service', version: '0.1.0' });
  expect((await call(`${rag.url}/health`)).status).toBe(404);
  expect((await call(`${rag.url}/`)).body).toMatchObject({ service: 'Enhanced RAG Service' });
});
