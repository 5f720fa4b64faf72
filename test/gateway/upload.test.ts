import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as openRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceName } from '#kit/service-names.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

type Part = readonly [name: string, value: string | Blob, filename?: string];

const preflight = { 'apollo-require-preflight': '1' };
const process = `mutation ($file: Upload!) {
  processDocument(file: $file) { success submission { id fileName matchedSample { barcode } } extracted { sample } }
}`;
const makeTemplate = 'mutation ($file: Upload!) { uploadTemplate(file: $file) { id name templateType sheets { rows } } }';
const asked = (query: string, variables: object = { file: null }): Part => ['operations', JSON.stringify({ query, variables })];
const mapped = (map: unknown = { 0: ['variables.file'] }): Part => ['map', JSON.stringify(map)];
const document = (label = 'ABC-12345'): Blob => new Blob([`Sample ID: ${label}\nSample type: DNA\n`], { type: 'text/plain' });
const sent = (name = '0', file: Blob = document()): Part => [name, file, 'intake.txt'];
const good: readonly Part[] = [asked(process), mapped(), sent()];

function formOf(parts: readonly Part[]): FormData {
  const form = new FormData();
  for (const [name, value, filename] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, filename);
  }
  return form;
}

type Sending = { readonly headers?: Record<string, string>; readonly path?: string };

const send = (
  { gateway }: LaboratoryUnderTest,
  parts: readonly Part[],
  { headers = preflight, path = '/graphql' }: Sending = {},
) => gateway.send({ method: 'POST', path, headers, body: formOf(parts) });

const placements: readonly { readonly remote: readonly ServiceName[] }[] = [{ remote: [] }, { remote: ['rag', 'templates'] }];

test.for(placements)('files reach their services through the gateway with %j', async ({ remote }) => {
  await using lab = await startLaboratory({ remote });
  const { status, body } = await send(lab, good);
  expect([status, body.errors]).toEqual([200, undefined]);
  const { id } = (body.data as unknown as { processDocument: { submission: { id: string } } }).processDocument.submission;
  expect(body.data).toMatchObject({
    processDocument: {
      success: true,
      submission: { fileName: 'intake.txt' },
      extracted: { sample: { sample_id: 'ABC-12345' } },
    },
  });
  const kept = await lab.gateway.query('query ($id: ID!) { ragSubmission(id: $id) { fileName sampleType } }', { id });
  expect(kept.body).toEqual({ data: { ragSubmission: { fileName: 'intake.txt', sampleType: 'DNA' } } });

  const sheet: Part = ['sheet', new Blob(['well,volume\nA1,50\n'], { type: 'text/csv' }), 'Plate 7.csv'];
  const template = await send(lab, [asked(makeTemplate), mapped({ sheet: ['variables.file'] }), sheet], {
    path: '/api/v1/public/graphql',
    headers: { 'x-apollo-operation-name': 'any' },
  });
  expect(template.body).toMatchObject({
    data: { uploadTemplate: { name: 'Plate 7', templateType: 'csv', sheets: [{ rows: [['A1', '50']] }] } },
  });
});

test('one operation brings files to two services, and one file to both', async () => {
  await using lab = await startLaboratory({ remote: ['templates'] });
  const query = `mutation ($a: Upload!, $b: Upload!) {
    one: processDocument(file: $a) { submission { fileName } }
    both: uploadTemplate(file: $b) { name }
    two: processDocument(file: $b) { extracted { sample } }
  }`;
  const { body } = await send(lab, [
    asked(query, { a: null, b: null }),
    mapped({ 0: ['variables.a'], 1: ['variables.b'] }),
    sent('1', document('SECOND-1')),
    sent('0'),
  ]);
  expect(body).toEqual({
    data: {
      one: { submission: { fileName: 'intake.txt' } },
      both: { name: 'intake' },
      two: { extracted: expect.objectContaining({ sample: { sample_id: 'SECOND-1', sample_type: 'DNA' } }) },
    },
  });
});

test('twenty uploads at once each get the answer to their own file', async () => {
  await using lab = await startLaboratory();
  const labels = Array.from({ length: 20 }, (_, index) => `LABEL-${index}`);
  const answers = await Promise.all(labels.map((label) => send(lab, [asked(process), mapped(), sent('0', document(label))])));
  const barcodes = answers.map(({ body }) => {
    const { processDocument } = body.data as unknown as { processDocument: { extracted: { sample: { sample_id: string } } } };
    return processDocument.extracted.sample.sample_id;
  });
  expect(barcodes).toEqual(labels);
});

describe('what is wrong with a form', () => {
  let lab: LaboratoryUnderTest;

  beforeAll(async () => {
    lab = await startLaboratory();
  });
  beforeEach(() => {
    lab.calls.length = 0;
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const files = (count: number): Record<string, string[]> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [String(index), [`variables.files.${index}`]]));
  const createTemplate = 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { id } }';
  const begins = 'A multipart request begins with the fields operations and map, in this order; the files follow.';
  const deep = '[1'.replace('1', '['.repeat(100));

  const refusals: readonly (readonly [what: string, parts: readonly Part[], message: string, status?: 413])[] = [
    ['no part at all', [], begins],
    ['files before the fields', [sent(), asked(process), mapped()], begins],
    ['map before operations', [mapped(), asked(process), sent()], begins],
    ['no map', [asked(process), sent()], begins],
    ['a field after the files', [...good, ['note', 'hello']], 'The part "note" is not in the map, or comes twice.'],
    [
      'operations after the files',
      [asked(process), mapped(), sent(), asked(process)],
      'The part "operations" is not in the map, or comes twice.',
    ],
    ['a file that is not in the map', [...good, sent('1')], 'The part "1" is not in the map, or comes twice.'],
    ['a file that comes twice', [...good, sent()], 'The part "0" is not in the map, or comes twice.'],
    ['a file that is missing', [asked(process), mapped()], 'The part "0" of the map is missing.'],
    ['text in place of a file', [asked(process), mapped(), ['0', 'text']], 'The part "0" is not a file: it has no file name.'],
    ['operations that are no JSON', [['operations', '{"query":'], mapped(), sent()], 'The body is not JSON.'],
    [
      'a list of operations',
      [['operations', `[{"query":"{ __typename }"}]`], mapped(), sent()],
      'The body must be one JSON object with a query; lists of operations are not offered.',
    ],
    ['operations that nest too deep', [['operations', deep], mapped(), sent()], 'The body nests deeper than 64 levels.'],
    [
      'a query that nests too deep',
      [asked(`{ a${'{ a'.repeat(100)}`), mapped(), sent()],
      'The query nests deeper than 64 levels.',
    ],
    ['a map that nests too deep', [asked(process), ['map', deep], sent()], 'The body nests deeper than 64 levels.'],
    ['a map that is no JSON', [asked(process), ['map', '{'], sent()], 'The body is not JSON.'],
    ...[null, [], 'x', { 0: 'variables.file' }, { 0: [] }, { 0: [1] }].map(
      (map) =>
        [
          `the map ${JSON.stringify(map)}`,
          [asked(process), mapped(map), sent()],
          'map: must name the places of each file, such as { "0": ["variables.file"] }.',
        ] as const,
    ),
    [
      'a path that does not exist',
      [asked(process), mapped({ 0: ['variables.other'] }), sent()],
      'map: the path "variables.other" does not exist in operations.',
    ],
    [
      'a path below what does not exist',
      [asked(process), mapped({ 0: ['variables.a.b.c'] }), sent()],
      'map: the path "variables.a.b.c" does not exist in operations.',
    ],
    [
      'a path through a prototype',
      [asked(process), mapped({ 0: ['variables.__proto__.polluted'] }), sent()],
      'map: the path "variables.__proto__.polluted" does not exist in operations.',
    ],
    [
      'a path without variables',
      [['operations', JSON.stringify({ query: process })], mapped(), sent()],
      'map: the path "variables.file" does not exist in operations.',
    ],
    [
      'a path into the query',
      [asked(process), mapped({ 0: ['query'] }), sent()],
      'map: the path "query" does not begin with `variables.`.',
    ],
    [
      'a path of a batch',
      [asked(process), mapped({ 0: ['0.variables.file'] }), sent()],
      'map: the path "0.variables.file" does not begin with `variables.`.',
    ],
    [
      'a path that is not null',
      [asked(process, { file: 'here' }), mapped(), sent()],
      'map: the path "variables.file" is not null in operations.',
    ],
    [
      'a path that is used twice',
      [asked(process), mapped({ 0: ['variables.file'], 1: ['variables.file'] }), sent(), sent('1')],
      'map: the path "variables.file" is named twice.',
    ],
    [
      'a variable that the operation does not have',
      [asked(process, { file: null, other: null }), mapped({ 0: ['variables.file'], 1: ['variables.other'] }), sent(), sent('1')],
      'map: "variables.other" is not an Upload in this operation.',
    ],
    [
      'a file in a JSON value',
      [
        asked(createTemplate, { input: { name: 'a', templateType: 'form', metadata: { a: null } } }),
        mapped({ 0: ['variables.input.metadata.a'] }),
        sent(),
      ],
      'map: "variables.input.metadata.a" is not an Upload in this operation.',
    ],
    [
      'a file in place of text',
      [asked(createTemplate, { input: { name: null, templateType: 'form' } }), mapped({ 0: ['variables.input.name'] }), sent()],
      'map: "variables.input.name" is not an Upload in this operation.',
    ],
    [
      'six files',
      [asked(process, { files: Array(6).fill(null) }), mapped(files(6)), ...Object.keys(files(6)).map((name) => sent(name))],
      'There are 6 files; at most 5 are allowed.',
      413,
    ],
    [
      'a file of more than 10 MB',
      [asked(process), mapped(), sent('0', new Blob(['x'.repeat(10 * 1024 * 1024 + 1)]))],
      'The part "0" is longer than 10485760 bytes.',
      413,
    ],
    [
      'operations of more than 1 MB',
      [asked(process, { file: null, x: 'x'.repeat(1024 * 1024) }), mapped(), sent()],
      'The part "operations" is longer than 1048576 bytes.',
      413,
    ],
    [
      'a query of more than 256 KB',
      [asked(`#${'x'.repeat(300_000)}\n{ __typename }`), mapped(), sent()],
      'The query is 300016 characters long; at most 262144 are allowed.',
      413,
    ],
  ];

  test.for(refusals)('%s is told in one sentence, without a call', async ([, parts, message, status]) => {
    const code = status === undefined ? 'BAD_REQUEST' : 'PAYLOAD_TOO_LARGE';
    const answer = await send(lab, parts);
    expect(answer.body.errors).toEqual([{ message, extensions: { code, requestId: answer.headers.get('x-request-id') } }]);
    expect(answer.status).toBe(status ?? 400);
    expect(lab.calls).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a form without a preflight header is refused, as another site could send it', async () => {
    const answer = await send(lab, good, { headers: {} });
    expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([400, 'BAD_REQUEST']);
    expect(answer.body.errors?.[0]?.message).toContain('apollo-require-preflight');
    expect(lab.calls).toEqual([]);
  });

  test.for([
    ['no boundary', 'multipart/form-data', 'x'],
    ['a body that is no form', 'multipart/form-data; boundary=b', 'hello'],
    [
      'a form that is cut off',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"que',
    ],
    ['a part without a name', 'multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'],
    [
      'a part named constructor',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="constructor"\r\n\r\nx\r\n--b--\r\n',
    ],
  ] as const)('%s is a bad request', async ([, type, body]) => {
    const answer = await lab.gateway.send({ method: 'POST', body, headers: { ...preflight, 'content-type': type } });
    expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([400, 'BAD_REQUEST']);
    expect(answer.text).not.toMatch(/busboy|Unexpected end|stack/i);
  });

  test('a compressed form is refused', async () => {
    const answer = await send(lab, good, { headers: { ...preflight, 'content-encoding': 'gzip' } });
    expect([answer.status, answer.body.errors?.[0]?.extensions['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  const fakes: readonly unknown[] = [
    'text',
    5,
    {},
    { filename: 'a.txt', mimetype: 'text/plain', bytes: [1] },
    { constructor: { name: 'Upload' } },
  ];

  test.for(fakes)('a JSON body cannot make a file out of %j', async (file) => {
    const { status, body } = await lab.gateway.query(process, { file });
    expect(status).toBe(200);
    expect(body.data?.['processDocument'] ?? null).toBeNull();
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(lab.calls).toEqual([]);
  });

  test('a text of a query cannot either', async () => {
    const { body } = await lab.gateway.query('mutation { processDocument(file: "text") { success } }');
    expect(body.errors).toMatchObject([{ path: ['processDocument'], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(lab.calls).toEqual([]);
  });

  test('a form without files is an ordinary operation, also when its fields say that they are JSON', async () => {
    const typed = (name: string, text: string): Part => [name, new Blob([text], { type: 'application/json' }), 'blob'];
    const { body } = await send(lab, [typed('operations', '{"query":"{ __typename }"}'), typed('map', '{}')]);
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });

  test('a file that is too large is refused while it arrives', async () => {
    const { request, answered } = openUpload(lab);
    request.write(Buffer.alloc(10 * 1024 * 1024 + 1, 'x'));
    const { statusCode, body } = await answered;
    expect([statusCode, body.errors[0]?.extensions.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    request.destroy();
  });

  test('a connection stays of use after a refusal, whatever was still on its way', async () => {
    using agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1 }), { [Symbol.dispose]: () => agent.destroy() });
    const { request, answered } = openUpload(lab, { name: 'unmapped', agent });
    request.end(`${'x'.repeat(5 * 1024 * 1024)}\r\n--b--\r\n`);
    expect((await answered).statusCode).toBe(400);
    const { socket } = request;
    const next = openRequest(`${lab.gateway.url}/live`, { agent });
    const [response]: IncomingMessage[] = await once(next.end(), 'response');
    expect(response?.statusCode).toBe(200);
    expect(next.socket).toBe(socket);
    response?.resume();
  }, 5_000);
});

type Answered = Promise<{
  readonly statusCode: number | undefined;
  readonly body: { readonly errors: readonly { readonly extensions: { readonly code: string } }[] };
}>;

/** A form that stands open in the middle of its file. */
function openUpload(
  { gateway }: LaboratoryUnderTest,
  { name = '0', agent }: { readonly name?: string; readonly agent?: Agent } = {},
): {
  readonly request: ClientRequest;
  readonly answered: Answered;
} {
  const request = openRequest(`${gateway.url}/graphql`, {
    method: 'POST',
    agent,
    headers: { ...preflight, 'content-type': 'multipart/form-data; boundary=b' },
  });
  const field = (name: string, text: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
  request.write(field(...(asked(process) as [string, string])) + field(...(mapped() as [string, string])));
  request.write(`--b\r\nContent-Disposition: form-data; name="${name}"; filename="a.txt"\r\n\r\n`);
  request.on('error', () => undefined);
  const answered = once(request, 'response').then(async ([response]: IncomingMessage[]) => ({
    statusCode: response?.statusCode,
    body: response && ((await json(response)) as Awaited<Answered>['body']),
  }));
  return { request, answered: answered as Answered };
}
