import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SandboxCall } from '#ops/sandbox/sandbox.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/*
 * F18: whatever stands in the place of an id, a service is asked under the same paths as for a harmless one, with the id
 * as one encoded segment (`%00` where it has no encoded form); or it is not asked at all.
 */

const hostile = [
  '../admin',
  '..',
  '.',
  '%2e%2e%2f',
  'a/b?x=1#',
  'a%00',
  'a\0b',
  'a\r\nx-evil: 1',
  'a／b',
  '\\..\\admin',
  '\ud800',
  'x'.repeat(10_240),
  '',
  '__proto__',
];

const uuid = '00000000-0000-4000-8000-00000000dead';
const text = 'harmless';

/** The argument `$id` of every field that takes one, with a harmless value of its kind. */
const operations: readonly (readonly [string, string])[] = [
  ['query ($id: ID!) { sample(id: $id) { id } }', uuid],
  ['query ($id: String!) { sample(barcode: $id) { id } }', text],
  ['query ($id: ID!) { sampleSheet(id: $id) { id } }', uuid],
  ['query ($id: ID!) { sequencingJob(id: $id) { id } }', uuid],
  ['query ($id: ID!) { storageContainer(id: $id) { id grid { rows } occupants { id } } }', uuid],
  ['query ($id: ID!) { storageLocation(id: $id) { id } }', uuid],
  ['query ($id: ID!) { template(id: $id) { id fields { id } metadata } }', uuid],
  ['query ($id: ID!) { workflow(id: $id) { id } }', uuid],
  ['query ($id: ID!) { user(id: $id) { id } }', uuid],
  ['query ($id: ID!) { ragSubmission(id: $id) { id } }', text],
  ['query ($id: String!) { graph(name: $id) { name } }', text],
  ['query ($id: ID!) { graphQueryJob(id: $id) { id } }', '1'],
  ['query ($id: String!) { vertex(graph: $id, frame: "Sample", key: "1") { id } }', text],
  ['query ($id: String!) { vertex(graph: "lab", frame: $id, key: "1") { id } }', text],
  ['query ($id: String!) { vertex(graph: "lab", frame: "Sample", key: $id) { id } }', text],
  ['query ($id: ID!) { neighborhood(id: $id) { truncated } }', 'lab:Sample:1'],
  ['query ($id: ID!) { shortestPath(from: $id, to: $id) { length } }', 'lab:Sample:1'],
  ['query ($id: String!) { cypherQuery(graph: $id, statement: "MATCH (s:Sample) RETURN s LIMIT 1") { rows } }', text],
  ['query ($id: ID!) { samples(first: 1, filter: { templateId: $id }) { totalCount } }', uuid],
  ['query ($id: String!) { samples(first: 1, filter: { search: $id }) { totalCount } }', text],
  ['query ($id: ID!) { storageContainers(first: 1, filter: { parentId: $id }) { nodes { id } } }', uuid],
  ['mutation ($id: ID!) { deleteSample(id: $id) }', uuid],
  ['mutation ($id: ID!) { transitionSample(id: $id, to: VALIDATED) { id } }', uuid],
  ['mutation ($id: ID!) { updateSample(id: $id, input: { name: "new" }) { id } }', uuid],
  ['mutation ($id: ID!) { validateSample(id: $id) { isValid } }', uuid],
  ['mutation ($id: ID!) { deleteTemplate(id: $id) }', uuid],
  ['mutation ($id: ID!) { cloneSequencingJob(id: $id) { id } }', uuid],
  ['mutation ($id: ID!) { cancelSequencingJob(id: $id) { id } }', uuid],
  ['mutation ($id: ID!) { deleteSampleSheet(id: $id) }', uuid],
  ['mutation ($id: ID!) { deleteStorageLocation(id: $id) }', uuid],
  ['mutation ($id: ID!) { deleteUser(id: $id) }', uuid],
  ['mutation ($id: ID!) { revokeSession(id: $id) }', uuid],
];

let laboratory: LaboratoryUnderTest;
let token: Record<string, string>;
beforeAll(async () => {
  laboratory = await startLaboratory();
  const { body } = await laboratory.gateway.query(
    'mutation { login(input: { email: "admin@lab.example", password: "sandbox" }) { accessToken } }',
  );
  const { login } = body.data as unknown as { login: { accessToken: string } };
  token = { authorization: `Bearer ${login.accessToken}` };
});
afterAll(() => laboratory[Symbol.asyncDispose]());

async function ask(operation: string, id: string) {
  laboratory.calls.length = 0;
  const { status, body } = await laboratory.gateway.query(operation, { id }, token);
  return { status, body, shapes: new Set(laboratory.calls.map((call) => shapeOf(call, id))) };
}

/** What a service was asked, with the id out of it: method, number and words of segments, names of parameters. */
function shapeOf({ method, path, query }: SandboxCall, id: string): string {
  const isId = (segment: string): boolean => segment !== '' && [id, '\0'].includes(decodeURIComponent(segment));
  const segments = path.split('/').map((segment) => (isId(segment) ? ':id' : segment));
  return `${method} ${segments.join('/')}?${[...new Set(query.keys())].sort()}`;
}

const refusals = new Set(['BAD_USER_INPUT', 'NOT_FOUND']);

test.each(operations)('SE-06 F18 %s', async (operation, harmless) => {
  const { shapes: known, status: first } = await ask(operation, harmless);
  expect(first).toBe(200);
  for (const id of hostile) {
    const { status, body, shapes } = await ask(operation, id);
    expect.soft(status, id).toBe(200);
    expect
      .soft(known.isSupersetOf(shapes), `${JSON.stringify(id.slice(0, 20))}: ${[...shapes]} is not of ${[...known]}`)
      .toBe(true);
    for (const { message, extensions } of body.errors ?? [])
      expect
        .soft(refusals, `${JSON.stringify(id.slice(0, 20))}: ${message} ${extensions['service']}`)
        .toContain(extensions['code']);
    const answers = Object.values(body.data ?? {});
    if (body.errors === undefined && !operation.includes('search')) expect.soft(answers, id.slice(0, 20)).toEqual([null]);
  }
});
