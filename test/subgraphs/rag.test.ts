import { expect, test } from 'vitest';
import { barcodeOfSample, counts, submissionId } from '#ops/sandbox/data/facts.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

const everything = `id fileName submitterName submitterEmail sampleType confidenceScore status createdAt processingTimeSeconds
  extracted { administrative sample sequencing storage } matchedSample { barcode }`;

const sample = (n: number, metadata?: unknown): object => ({
  __typename: 'Sample',
  barcode: barcodeOfSample(n),
  ...(metadata !== undefined && { metadata }),
});

test('all submissions are given with one call', async () => {
  await using rag = await startSubgraph('rag');
  const { data, errors } = await rag.askLocally(`{ ragSubmissions { ${everything} } }`);
  expect(errors).toBeUndefined();
  expect(data?.['ragSubmissions']).toHaveLength(counts.submissions);
  expect(rag.calls.map(({ path }) => path)).toEqual(['/api/rag/submissions']);
});

test('the list and any number of look-ups share one call', async () => {
  await using rag = await startSubgraph('rag');
  const { data } = await rag.askLocally(
    'query ($a: ID!, $b: ID!) { ragSubmissions { id } a: ragSubmission(id: $a) { id } b: ragSubmission(id: $b) { id } }',
    { a: submissionId(1), b: submissionId(2) },
  );
  expect(data).toMatchObject({ a: { id: submissionId(1) }, b: { id: submissionId(2) } });
  expect(rag.calls).toHaveLength(1);
});

test('a submission that is not there is null without an error', async () => {
  await using rag = await startSubgraph('rag');
  expect(await rag.ask('{ ragSubmission(id: "nobody") { id } }')).toEqual({ data: { ragSubmission: null } });
});

test('a document leads to its sample by the barcode found in it, without a call', async () => {
  await using rag = await startSubgraph('rag');
  const { data } = await rag.askLocally('query ($id: ID!) { ragSubmission(id: $id) { matchedSample { __typename barcode } } }', {
    id: submissionId(4),
  });
  expect(data).toEqual({ ragSubmission: { matchedSample: { __typename: 'Sample', barcode: barcodeOfSample(4) } } });
  expect(rag.calls).toHaveLength(1);
});

test('references are answered in their order, unknown ones with null', async () => {
  await using rag = await startSubgraph('rag');
  const { data } = await rag.askLocally(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on RagSubmission { id } } }',
    { of: [submissionId(2), 'nobody', submissionId(1)].map((id) => ({ __typename: 'RagSubmission', id })) },
  );
  expect(data?.['_entities']).toEqual([{ id: submissionId(2) }, null, { id: submissionId(1) }]);
  expect(rag.calls).toHaveLength(1);
});

test('samples lead to their documents through their metadata, all with one call', async () => {
  await using rag = await startSubgraph('rag');
  const { data, errors } = await rag.askLocally(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { barcode ragSubmission { id } } } }',
    {
      of: [
        sample(2, { rag_submission_id: submissionId(2) }),
        sample(1, { rag_submission_id: submissionId(1), confidence_score: 0.9 }),
        sample(3, { rag_submission_id: 'nobody' }),
      ],
    },
  );
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { barcode: barcodeOfSample(2), ragSubmission: { id: submissionId(2) } },
    { barcode: barcodeOfSample(1), ragSubmission: { id: submissionId(1) } },
    { barcode: barcodeOfSample(3), ragSubmission: null },
  ]);
  expect(rag.calls).toHaveLength(1);
});

test('samples whose metadata names no document cost no call', async () => {
  await using rag = await startSubgraph('rag');
  const { data } = await rag.ask(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { ragSubmission { id } } } }',
    { of: [sample(1), sample(2, null), sample(3, {}), sample(4, { rag_submission_id: 7 }), sample(5, 'text')] },
  );
  expect(data?.['_entities']).toEqual([1, 2, 3, 4, 5].map(() => ({ ragSubmission: null })));
  expect(rag.calls).toEqual([]);
});

test('submissions that were uploaded look like those that came with the service', async () => {
  await using upstream = await listing([
    {
      id: 'RAG-001',
      submission_id: 'RAG-001',
      source_document: 'report.pdf',
      submitter_name: 'Dr. Smith',
      submitter_email: 'smith@lab.example',
      sample_type: 'DNA',
      confidence_score: 0.92,
      status: 'completed',
      created_at: '2026-11-20T20:42:19.543776',
      processing_time: 2.3,
      extracted_data: { administrative: { institution: 'Lab' }, sample: {} },
    },
    {
      id: '1a2b3c4d',
      filename: 'form.txt',
      extracted_data: {
        administrative: { submitter_name: 'Dr. Jones' },
        sample: { sample_id: 'ABC-12345', sample_type: 'RNA', volume: '50 µL' },
        sequencing: {},
        storage: {},
      },
      confidence_score: 1,
      created_at: '2026-11-20T20:42:19',
      status: 'processing',
    },
  ]);
  await using rag = await startSubgraph('rag', { url: upstream.url });
  const { data, errors } = await rag.ask(`{ ragSubmissions { ${everything} } }`);
  expect(errors).toBeUndefined();
  expect(data?.['ragSubmissions']).toEqual([
    {
      id: 'RAG-001',
      fileName: 'report.pdf',
      submitterName: 'Dr. Smith',
      submitterEmail: 'smith@lab.example',
      sampleType: 'DNA',
      confidenceScore: 0.92,
      status: 'COMPLETED',
      createdAt: '2026-11-20T20:42:19.543Z',
      processingTimeSeconds: 2.3,
      extracted: { administrative: { institution: 'Lab' }, sample: {}, sequencing: null, storage: null },
      matchedSample: null,
    },
    {
      id: '1a2b3c4d',
      fileName: 'form.txt',
      submitterName: 'Dr. Jones',
      submitterEmail: null,
      sampleType: 'RNA',
      confidenceScore: 1,
      status: 'PROCESSING',
      createdAt: '2026-11-20T20:42:19.000Z',
      processingTimeSeconds: null,
      extracted: {
        administrative: { submitter_name: 'Dr. Jones' },
        sample: { sample_id: 'ABC-12345', sample_type: 'RNA', volume: '50 µL' },
        sequencing: {},
        storage: {},
      },
      matchedSample: { barcode: 'ABC-12345' },
    },
  ]);
});

test('a document service that is away leaves the samples themselves whole', async () => {
  await using rag = await startSubgraph('rag', { url: 'http://127.0.0.1:1' });
  const { data, errors } = await rag.ask(
    'query ($of: [_Any!]!) { ragSubmissions { id } _entities(representations: $of) { ... on Sample { barcode ragSubmission { id } } } }',
    { of: [sample(1, { rag_submission_id: submissionId(1) })] },
  );
  expect(data).toEqual({ ragSubmissions: null, _entities: [{ barcode: barcodeOfSample(1), ragSubmission: null }] });
  expect(errors).toMatchObject([1, 2].map(() => ({ extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'rag' } })));
});

const listing = (submissions: readonly object[]) =>
  startUpstream(
    always(
      200,
      JSON.stringify({ submissions, data: submissions, totalCount: submissions.length, processing: 0, completed: 0, failed: 0 }),
    ),
  );
