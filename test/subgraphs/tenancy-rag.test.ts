import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Upload } from '#kit/upload.ts';
import { barcodeOfSample, counts, range, sampleId, submissionId } from '#ops/sandbox/data/facts.ts';
import { seedSubmissions } from '#ops/sandbox/data/submissions.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import { person } from '#test/harness/callers.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { acme, canary, expectAlike, expectOwn, helix, plant } from '#test/harness/tenants.ts';

let rag: SubgraphUnderTest;

beforeAll(async () => {
  rag = await startSubgraph('rag');
});

beforeEach(() => {
  rag.calls.length = 0;
});

afterAll(() => rag[Symbol.asyncDispose]());

/** Submission n is about sample n. */
const submissionsOf = (rest: number): string[] =>
  range(counts.submissions)
    .filter((n) => n % 3 === rest)
    .map(submissionId);

const idsSeenBy = async (caller = person('guest')): Promise<string[]> => {
  const { data, errors } = await rag.ask('{ ragSubmissions { id } }', {}, { caller });
  expect(errors).toBeUndefined();
  return (data as { ragSubmissions: { id: string }[] }).ragSubmissions.map(({ id }) => id);
};

async function handIn(content: string): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([content], { type: 'text/plain' }), `${canary}.txt`);
  const answer = await fetch(`${rag.upstream}/api/rag/process`, { method: 'POST', body: form });
  return String(((await answer.json()) as { submission_id: string }).submission_id);
}

test('no root field and no entity tells an organization of what is not its own', async () => {
  const unmatched = await handIn(`Submitter: ${canary}\nSample ID: ${canary}-1\nSample type: DNA\n`);
  const answers = await askEverything(rag, {
    caller: acme,
    fields: {
      ragSubmission: [`id: "${submissionId(2)}"`, `id: "${submissionId(1)}"`, `id: "${unmatched}"`],
      askLab: ['query: "Where is DNA stored?"'],
    },
    entities: {
      RagSubmission: [{ id: submissionId(3) }, { id: submissionId(4) }, { id: unmatched }],
      Sample: [
        { barcode: barcodeOfSample(2), metadata: { rag_submission_id: submissionId(2) } },
        { barcode: barcodeOfSample(1), metadata: { rag_submission_id: submissionId(1) } },
      ],
    },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  const text = JSON.stringify(answers);
  for (const { id } of seedSubmissions()) expect(text.includes(`"${id}"`)).toBe(submissionsOf(1).includes(id));
});

test('an organization sees the documents of its samples, and people of the laboratory all', async () => {
  expect(await idsSeenBy(acme)).toEqual(submissionsOf(1));
  expect(await idsSeenBy(helix)).toEqual(submissionsOf(2));
  const all = await idsSeenBy();
  expect(all).toEqual(expect.arrayContaining([...submissionsOf(0), ...submissionsOf(1), ...submissionsOf(2)]));
});

test('the submission of another is as one that is not there', async () => {
  const ids = [submissionId(2), 'RAG-999'] as const;
  const answer = await expectAlike(rag, (id) => ({ text: `{ ragSubmission(id: "${id}") { fileName } }` }), ids);
  expect(answer).toEqual({ data: { ragSubmission: null } });
  const text = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Sample { ragSubmission { fileName } } } }';
  const of = (id: string): object => ({ __typename: 'Sample', barcode: barcodeOfSample(1), metadata: { rag_submission_id: id } });
  const joined = await expectAlike(rag, (id) => ({ text, variables: { of: [of(id)] } }), ids);
  expect(joined).toEqual({ data: { _entities: [{ ragSubmission: null }] } });
});

test('a sample with the barcode of a document does not give it away, until the laboratory has noted so', async () => {
  const id = await handIn('Submitter: Somebody\nSample ID: CLAIM-1234\nSample type: DNA\n');
  const url = `${rag.upstreamOf('samples')}/samples`;
  const claim = { name: 'Claim', barcode: 'CLAIM-1234', sample_type: 'DNA', metadata: { organization_id: 'acme-genomics' } };
  const { data: made } = await plant(url, claim);
  expect(await idsSeenBy(acme)).not.toContain(id);
  const { id: sample } = made as unknown as { id: string };
  const noted = await fetch(`${url}/${sample}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { ...claim.metadata, rag_submission_id: id } }),
  });
  expect(noted.status).toBe(200);
  expect(await idsSeenBy(acme)).toContain(id);
  expect(await idsSeenBy(helix)).not.toContain(id);
});

test('an organization neither asks the documents of all nor hands one in', async () => {
  const message = 'This is for the laboratory alone, not for other organizations.';
  const asked = await rag.ask('{ askLab(query: "Whose is it?") { answer } }', {}, { caller: acme });
  expect([asked.data, asked.errors]).toMatchObject([{ askLab: null }, [{ message, extensions: { code: 'FORBIDDEN' } }]]);
  const file = new Upload({ filename: 'x.txt', mimetype: 'text/plain', bytes: Buffer.from(`Sample ID: ${sampleId(1)}`) });
  const text = 'mutation ($file: Upload!) { processDocument(file: $file) { success } }';
  const { errors } = await rag.ask(text, { file }, { caller: helix });
  expect(errors).toMatchObject([{ message, extensions: { code: 'FORBIDDEN' } }]);
  expect(rag.calls).toEqual([]);
});
