import { expect, test } from 'vitest';
import type { Caller } from '#kit/caller.ts';
import { templateId, userId } from '#ops/sandbox/data/facts.ts';
import { askEverything } from '#test/harness/ask-everything.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';
import { acme, expectOwn } from '#test/harness/tenants.ts';

/* What is everybody's, and what is nobody's but the laboratory's. */

test('templates are for all to see', async () => {
  await using templates = await startSubgraph('templates');
  const id = templateId(1);
  const answers = await askEverything(templates, {
    caller: acme,
    fields: { template: [`id: "${id}"`] },
    entities: { Template: [{ id }] },
  });
  for (const { data, errors } of answers) expectOwn({ data, errors });
  expect(answers.flatMap(({ errors = [] }) => errors)).toEqual([]);
  const text = '{ templates { id name description } }';
  expect(await templates.ask(text, {}, { caller: acme })).toEqual(await templates.ask(text));
});

test('an organization is told the names of people, and nothing else of them', async () => {
  await using auth = await startSubgraph('auth');
  const answers = await askEverything(auth, {
    caller: acme,
    fields: { user: [`id: "${userId(2)}"`] },
    entities: { User: [{ id: userId(2) }] },
  });
  const text = JSON.stringify(answers.map(({ data }) => data));
  expect(text).not.toContain('@lab.example');
  expect(text).not.toContain('LAB_TECHNICIAN');
  const { data } = await auth.ask(names, { of: [{ __typename: 'User', id: userId(2) }] }, { caller: acme });
  expect(data).toEqual({ _entities: [{ displayName: expect.stringMatching(/\S/), email: null, role: null }] });
});

const names = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { displayName email role } } }';

/** Signs in user 1, whose account is an administrator's, and says that they belong to another organization. */
async function administratorElsewhere(auth: SubgraphUnderTest): Promise<{ authorization: string; caller: Caller }> {
  const input = { email: 'admin@lab.example', password: 'sandbox' };
  const { data } = await auth.askLocally('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', { input });
  const { accessToken } = (data as { login: { accessToken: string } }).login;
  const { keyId: _, ...caller } = { ...acme, kind: 'user' as const, subject: userId(1), roles: ['lab_administrator' as const] };
  return { authorization: `Bearer ${accessToken}`, caller };
}

test('a person of another organization sees their own account, whatever role it has', async () => {
  await using auth = await startSubgraph('auth');
  const asked = await administratorElsewhere(auth);
  const { data, errors } = await auth.ask(`{ me { email } user(id: "${userId(2)}") { email } }`, {}, asked);
  expect(data).toEqual({ me: { email: 'admin@lab.example' }, user: null });
  expect(errors).toMatchObject([{ path: ['user'], extensions: { code: 'FORBIDDEN' } }]);
  const of = [1, 2].map((n) => ({ __typename: 'User', id: userId(n) }));
  const referred = await auth.ask(names, { of }, asked);
  const [self, other] = [
    { email: 'admin@lab.example', role: 'LAB_ADMINISTRATOR' },
    { email: null, role: null },
  ];
  expect(referred.data).toMatchObject({ _entities: [self, { ...other, displayName: expect.stringMatching(/\S/) }] });
  expect(referred.errors).toBeUndefined();
});
