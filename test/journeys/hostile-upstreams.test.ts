import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { expect, test } from 'vitest';
import { startBookshop } from '#test/harness/bookshop.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { always, startUpstream } from '#test/harness/upstream.ts';

/* Rows F17, F19, F25, F27 and F29 of the faults, by servers that stand in for one service. */

const templateId = (number: number): string => `7e000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const sampleId = (number: number): string => `5a000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const template = (number: number) => ({
  id: templateId(number),
  name: `Template ${number}`,
  template_type: 'sample',
  status: 'Published',
  version: '1.0',
  tags: [],
  is_public: true,
  is_system: false,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
});

const sample = (number: number, more: object = {}) => ({
  id: sampleId(number),
  name: `Sample ${number}`,
  barcode: `BAR-${number}`,
  sample_type: 'DNA',
  status: 'Pending',
  template_id: templateId(number),
  metadata: {},
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  ...more,
});

const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(typeof value === 'string' ? value : JSON.stringify(value));

const newest = (rows: readonly object[]) => ({ data: { samples: rows, total_count: rows.length } });

/** Own keys that would change every object if anybody assigned them by name. */
const poison = '"__proto__":{"polluted":1,"__proto__":{"polluted":2}},"constructor":{"prototype":{"polluted":3}}';

const isClean = (): boolean => !('polluted' in {}) && !('polluted' in Object) && !('polluted' in []);

test('F17 __proto__ in a service pollutes nothing, and what is the caller’s own data stays data', async () => {
  const row = JSON.stringify(sample(1, { metadata: { kept: true } })).replace('{"kept"', `{${poison},"deep":{${poison}},"kept"`);
  const body = `{${poison},"data":{${poison},"total_count":1,"samples":[${row.replace('{', `{${poison},`)}]}}`;
  await using samples = await startUpstream(always(200, body));
  await using laboratory = await startLaboratory({ urls: { samples: samples.url } });
  const { body: answer } = await laboratory.gateway.query('{ samples(first: 1) { nodes { name metadata status } } }');
  expect(answer.errors).toBeUndefined();
  expect(answer.data).toMatchObject({ samples: { nodes: [{ name: 'Sample 1', status: 'PENDING', metadata: { kept: true } }] } });
  expect(isClean()).toBe(true);
});

test('F17 __proto__ in a foreign subgraph pollutes nothing', async () => {
  await using shop = await startBookshop();
  const { books, authors, gateway } = shop;
  const typed = `"__typename":"Book",${poison}`;
  books.fault = {
    body: `{${poison},"data":{${poison},"book":{${typed},"title":"Poison","author":{"__typename":"Author","id":"a1",${poison}}}}}`,
  };
  const { body } = await gateway.query('{ book(id: 1) { title author { name } } }');
  expect(body).toEqual({ data: { book: { title: 'Poison', author: { name: 'Author a1' } } } });
  authors.fault = { body: `{"data":{"_entities":[{${poison},"name":"Poisoned"}]},"extensions":{${poison}}}` };
  expect((await gateway.query('{ book(id: 1) { author { name } } }')).body).toEqual({
    data: { book: { author: { name: 'Poisoned' } } },
  });
  authors.fault = { body: `{"errors":[{"message":"no","extensions":{${poison},"code":"FORBIDDEN"},${poison}}]}` };
  const refused = await gateway.query('{ book(id: 1) { author { name } } }');
  expect(refused.body.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', service: 'authors' });
  expect(isClean()).toBe(true);
});

test('F19 a token of a service with a line break in it is put into no header', async () => {
  const login = { data: { access_token: 'a\r\nx-evil: 1', expires_at: '2099-01-01T00:00:00Z' } };
  await using auth = await startUpstream((_, response) => json(response, login));
  const settings = { accountEmail: 'gateway@lab.example', accountPassword: 'sandbox' };
  await using laboratory = await startLaboratory({ urls: { auth: auth.url }, settings });
  const { body } = await laboratory.gateway.query(`{ sample(id: "${sampleId(1)}") { name createdBy { displayName } } }`);
  expect(body.data).toMatchObject({ sample: { name: expect.any(String), createdBy: { displayName: null } } });
  expect(body.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_INVALID_RESPONSE', service: 'auth' } }]);
  expect(new Set(auth.seen)).toEqual(new Set(['POST /auth/login']));
});

/** Answers the first request of every connection and drops the connection under the second. */
async function startClosing(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const used = new WeakSet<Socket>();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (used.has(request.socket)) return void request.socket.destroy();
    used.add(request.socket);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('F25 a read whose kept connection closes under it is made once more, unseen by the caller', async () => {
  await using templates = await startClosing((_, response) => json(response, { data: [template(1)] }));
  await using laboratory = await startLaboratory({ urls: { templates: templates.url }, settings: { connections: 1 } });
  const ask = async () => (await laboratory.gateway.query('{ templates { name } }')).body;
  expect(await ask()).toEqual({ data: { templates: [{ name: 'Template 1' }] } });
  expect(await ask()).toEqual({ data: { templates: [{ name: 'Template 1' }] } });
  expect(templates.seen).toHaveLength(1 + 2);
});

test('F25 a write whose kept connection closes under it is never made again, and its outcome is told as unknown', async () => {
  await using templates = await startClosing((_, response) => json(response, { data: [template(1)], template: template(1) }));
  await using laboratory = await startLaboratory({ urls: { templates: templates.url }, settings: { connections: 1 } });
  await laboratory.gateway.query('{ templates { name } }');
  const { body } = await laboratory.gateway.query(`mutation { deleteTemplate(id: "${templateId(1)}") }`);
  expect(body.errors).toMatchObject([
    {
      path: ['deleteTemplate'],
      extensions: { code: 'UPSTREAM_UNAVAILABLE', service: 'templates', outcome: 'UNKNOWN', retryable: false },
    },
  ]);
  expect(templates.seen.filter((line) => line.startsWith('DELETE'))).toHaveLength(1);
});

test('F27 items of a list are matched by id: reordered, doubled and unasked ones do no harm, a missing one is asked for', async () => {
  await using templates = await startUpstream(({ url = '' }, response) => {
    if (url.startsWith('/templates/')) {
      const wanted = url.split('/')[2];
      return wanted === templateId(4) ? json(response, '{}', 500) : json(response, '{}', 404);
    }
    json(response, { data: [template(9), template(3), { ...template(1), name: 'First of two' }, template(1), template(2)] });
  });
  await using samples = await startUpstream((_, response) =>
    json(response, newest([1, 2, 3, 4, 5].map((number) => sample(number)))),
  );
  await using laboratory = await startLaboratory({ urls: { templates: templates.url, samples: samples.url } });
  const { body } = await laboratory.gateway.query('{ samples(first: 5) { nodes { name template { id name } } } }');
  const { samples: found } = body.data as unknown as { samples: { nodes: { template: { id: string; name: string } | null }[] } };
  expect(found.nodes.map((node) => node.template?.id ?? null)).toEqual([templateId(1), templateId(2), templateId(3), null, null]);
  expect(found.nodes.map((node) => node.template?.name)).toContain('Template 3');
  // A template that is gone is null by contract; one that could not be had says so.
  expect(body.errors?.map(({ path, extensions }) => [path?.slice(0, 4).join('.'), extensions['code']])).toEqual([
    ['samples.nodes.3.template', 'UPSTREAM_UNAVAILABLE'],
  ]);
});

test('F27 rows beyond the page that was asked for are dropped', async () => {
  await using samples = await startUpstream((_, response) =>
    json(response, newest([1, 2, 3, 4, 5].map((number) => sample(number)))),
  );
  await using laboratory = await startLaboratory({ urls: { samples: samples.url } });
  const { body } = await laboratory.gateway.query('{ samples(first: 2) { nodes { id } } }');
  expect(body.data).toEqual({ samples: { nodes: [{ id: sampleId(1) }, { id: sampleId(2) }] } });
});

const validation = (number: number) => ({
  sample_id: sampleId(number),
  is_valid: number === 1,
  errors: [],
  warnings: [],
  validated_at: '2026-01-01T00:00:00Z',
});

const batches: readonly (readonly [string, readonly number[], readonly string[] | null])[] = [
  ['reordered', [2, 1], [sampleId(1), sampleId(2)]],
  ['doubled', [1, 2, 2, 1], [sampleId(1), sampleId(2)]],
  ['more', [1, 7, 2], [sampleId(1), sampleId(2)]],
  ['fewer', [2], null],
  ['none', [], null],
];

test('F27 judgements of several samples are matched to the samples asked about', async () => {
  let told: readonly number[] = [];
  await using samples = await startUpstream((_, response) =>
    json(response, { data: { validation_results: told.map(validation) } }),
  );
  await using laboratory = await startLaboratory({ urls: { samples: samples.url } });
  for (const [how, numbers, expected] of batches) {
    told = numbers;
    const { body } = await laboratory.gateway.query(
      `mutation { validateSamples(ids: ["${sampleId(1)}", "${sampleId(2)}"]) { sampleId } }`,
    );
    expect(body.data, how).toEqual({ validateSamples: expected?.map((id) => ({ sampleId: id })) ?? null });
    const codes = body.errors?.map(({ extensions }) => extensions['code']);
    expect(codes, how).toEqual(expected === null ? ['UPSTREAM_INVALID_RESPONSE'] : undefined);
  }
});

const recordings: readonly (readonly [string, object, boolean])[] = [
  ['tells of both', { created_samples: [sample(1)], failed_samples: [{ index: 1, error: 'barcode exists' }] }, true],
  ['forgets one', { created_samples: [sample(1)], failed_samples: [] }, false],
  ['tells of one more', { created_samples: [sample(1), sample(2), sample(3)], failed_samples: [] }, false],
  ['fails one that was not given', { created_samples: [sample(1)], failed_samples: [{ index: 7, error: 'no' }] }, false],
  [
    'fails one twice',
    {
      created_samples: [],
      failed_samples: [
        { index: 0, error: 'no' },
        { index: 0, error: 'no' },
      ],
    },
    false,
  ],
];

test('F27 a batch must tell of every sample once', async () => {
  let data = {};
  await using samples = await startUpstream(({ method }, response) =>
    method === 'POST' ? json(response, { data }) : json(response, newest([])),
  );
  await using laboratory = await startLaboratory({ urls: { samples: samples.url } });
  for (const [how, told, isWhole] of recordings) {
    data = told;
    samples.seen.length = 0;
    const { body } = await laboratory.gateway.query(
      'mutation { createSamples(input: [{ name: "a", sampleType: DNA }, { name: "b", sampleType: DNA }]) { totalCreated totalFailed } }',
    );
    const codes = body.errors?.map(({ extensions: { code, outcome, retryable } }) => [code, outcome, retryable]);
    expect(body.data, how).toEqual({ createSamples: isWhole ? { totalCreated: 1, totalFailed: 1 } : null });
    expect(codes, how).toEqual(isWhole ? undefined : [['UPSTREAM_INVALID_RESPONSE', 'UNKNOWN', false]]);
    expect(samples.seen.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  }
});

/** Speaks HTTP by hand, for what Node's own server would not write. */
async function startRaw(speak: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.on('data', () => speak(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const body = JSON.stringify({ data: [template(1)] });
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const right = `${head}content-length: ${body.length}\r\n\r\n${body}`;
const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n';
const trailed = `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n`;

/** Writes for as long as somebody reads. */
function flood(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(hint.repeat(1_000)));
    socket.once('drain', more);
  };
  more();
}

const floods: readonly (readonly [string, (socket: Socket) => void, string | undefined])[] = [
  [
    'a header of 64 KB',
    (socket) => socket.write(`${head}x-long: ${'x'.repeat(65_536)}\r\n${right.slice(head.length)}`),
    'UPSTREAM_UNAVAILABLE',
  ],
  [
    '10,000 headers',
    (socket) => socket.write(`${head}${'x-a: b\r\n'.repeat(10_000)}${right.slice(head.length)}`),
    'UPSTREAM_UNAVAILABLE',
  ],
  ['trailers of 64 KB', (socket) => socket.write(`${trailed}x-long: ${'x'.repeat(65_536)}\r\n\r\n`), 'UPSTREAM_UNAVAILABLE'],
  ['small trailers', (socket) => socket.write(`${trailed}x-sum: 1\r\n\r\n`), undefined],
  ['a hundred early hints before the answer', (socket) => socket.write(hint.repeat(100) + right), undefined],
  ['early hints without an end', flood, 'UPSTREAM_INVALID_RESPONSE'],
  [
    'a protocol switch that nobody asked for',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    'UPSTREAM_UNAVAILABLE',
  ],
];

test('F29 an answer without measure costs only its own fields', async () => {
  let speak: (socket: Socket) => void = () => undefined;
  await using templates = await startRaw((socket) => speak(socket));
  await using laboratory = await startLaboratory({
    urls: { templates: templates.url },
    settings: { timeoutMs: 1_000, circuitBreaker: false },
  });
  for (const [what, spoken, code] of floods) {
    speak = spoken;
    const { status, body, text } = await laboratory.gateway.query('{ templates { name } samples(first: 1) { nodes { name } } }');
    expect(status, what).toBe(200);
    expect(body.data, what).toMatchObject({
      samples: { nodes: [{ name: expect.any(String) }] },
      templates: code === undefined ? [{ name: 'Template 1' }] : null,
    });
    const told = body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions['code'], extensions['service']]);
    expect(told, what).toEqual(code === undefined ? undefined : [['templates', code, 'templates']]);
    expect(text, what).not.toMatch(/xxxx|127\.0\.0\.1|HPE|overflow/i);
  }
});
