import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { counts, range, templateId } from '#ops/sandbox/data/facts.ts';
import type { Template } from '#subgraphs/templates/client.ts';
import { templateLoaders } from '#subgraphs/templates/loaders.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { startUpstream } from '#test/harness/upstream.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const entities = (fields: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Template { ${fields} } } }`;
const byId = (id: string): object => ({ __typename: 'Template', id });

test('a template is found by its id with one call', async () => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.askLocally(
    `query ($id: ID!) { template(id: $id) {
      id name description templateType status version category tags isPublic isSystem createdByRaw createdAt updatedAt
    } }`,
    { id: templateId(1) },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ template: { id: templateId(1), createdByRaw: 'system' } });
  expect(templates.calls).toHaveLength(1);
});

test('a template that is not there is null without an error, and without a call when the id is no UUID', async () => {
  await using templates = await startSubgraph('templates');
  expect(await templates.ask(`{ template(id: "${unknownId}") { id } }`)).toEqual({ data: { template: null } });
  templates.calls.length = 0;
  expect(await templates.ask('{ a: template(id: "7") { id } b: template(id: "..") { id } }')).toEqual({
    data: { a: null, b: null },
  });
  expect(templates.calls).toEqual([]);
});

test('the list of templates costs one call', async () => {
  await using templates = await startSubgraph('templates');
  const { data } = await templates.askLocally('{ templates { id } }');
  const ids = fieldOf<{ id: string }[]>(data, 'templates').map(({ id }) => id);
  expect(ids.toSorted()).toEqual(range(counts.templates).map(templateId));
  expect(templates.calls.map(({ path }) => path)).toEqual(['/templates']);
});

test('metadata and sheets share one call per template, fields cost another', async () => {
  await using templates = await startSubgraph('templates');
  const { data, errors } = await templates.askLocally(
    `query ($id: ID!) { template(id: $id) {
      metadata
      sheets { name headers rows totalRows totalColumns }
      fields { id fieldName fieldType label description required order validationRules defaultValue options metadata }
    } }`,
    { id: templateId(1) },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    template: { metadata: expect.any(Object), sheets: expect.any(Array), fields: expect.any(Array) },
  });
  const root = `/templates/${templateId(1)}`;
  expect(templates.calls.map(({ path }) => path).toSorted()).toEqual([root, `${root}/data`, `${root}/fields`]);
});

test('what is not asked for is not fetched', async () => {
  await using templates = await startSubgraph('templates');
  await templates.askLocally('{ templates { fields { fieldName } } }');
  expect(templates.calls.map(({ path }) => path.split('/').at(-1)).toSorted()).toEqual([
    ...range(counts.templates).map(() => 'fields'),
    'templates',
  ]);
});

test('fields stand in the order of the form', async () => {
  await using templates = await startSubgraph('templates');
  const { data } = await templates.ask('{ templates { fields { order } } }');
  for (const { fields } of fieldOf<{ fields: { order: number }[] }[]>(data, 'templates')) {
    const orders = fields.map(({ order }) => order);
    expect(orders).toEqual(orders.toSorted((a, b) => a - b));
  }
});

test('references are answered in their order from one list, unknown ones with null', async () => {
  await using templates = await startSubgraph('templates');
  const of = [3, 1, 2, 1].map(templateId).map(byId);
  const { data, errors } = await templates.askLocally(entities('id name'), { of: [...of, byId(unknownId), byId('7')] });
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toMatchObject([
    { id: templateId(3) },
    { id: templateId(1) },
    { id: templateId(2) },
    { id: templateId(1) },
    null,
    null,
  ]);
  expect(templates.calls.map(({ path }) => path)).toEqual(['/templates', `/templates/${unknownId}`]);
});

test('a template that is too old for the list is fetched by itself', async () => {
  const asked: string[] = [];
  const loaders = templateLoaders({
    newest: async () => [{ id: templateId(1) } as Template],
    byId: async (id) => {
      asked.push(id);
      return { id } as Template;
    },
    content: async () => null,
    fields: async () => null,
  });
  const found = await Promise.all([1, 2].map(templateId).map(loaders.picked.load));
  expect(found).toEqual([{ id: templateId(1) }, { id: templateId(2) }]);
  expect(asked).toEqual([templateId(2)]);
});

test.for([
  [500, 'UPSTREAM_UNAVAILABLE'],
  [400, 'UPSTREAM_REJECTED'],
  [429, 'UPSTREAM_RATE_LIMITED'],
] as const)('a bare %i with an empty body becomes %s', async ([status, code]) => {
  await using upstream = await bareUpstream(() => status);
  await using templates = await startSubgraph('templates', { url: upstream.url });
  const { data, errors } = await templates.ask(`{ templates { id } template(id: "${templateId(1)}") { id } }`);
  expect(data).toEqual({ templates: null, template: null });
  expect(errors).toMatchObject([{ extensions: { code, service: 'templates' } }, { extensions: { code, service: 'templates' } }]);
});

test('a template whose content cannot be read keeps the rest of its fields', async () => {
  await using sandbox = await startSubgraph('templates');
  const response = await fetch(`${sandbox.upstream}/templates`);
  const body = await response.text();
  await using upstream = await bareUpstream((path) => (path === '/templates' ? body : path.endsWith('/data') ? 500 : 404));
  await using templates = await startSubgraph('templates', { url: upstream.url });
  const { data, errors } = await templates.ask(entities('id name sheets { name } fields { id }'), { of: [byId(templateId(1))] });
  expect(data?.['_entities']).toEqual([{ id: templateId(1), name: expect.any(String), sheets: null, fields: null }]);
  expect(errors).toMatchObject([{ path: ['_entities', 0, 'sheets'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
});

/** Answers a path with a bare status, or with 200 and a JSON text. */
const bareUpstream = (answer: (path: string) => number | string) =>
  startUpstream(({ url = '' }, response) => {
    const given = answer(url);
    if (typeof given === 'number') response.writeHead(given).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(given);
  });

const fieldOf = <Value>(data: ExecutionResult['data'], field: string): Value => data?.[field] as Value;
