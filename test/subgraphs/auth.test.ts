import type { ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { counts, range, userId } from '#ops/sandbox/data/facts.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';

const unknownId = 'ffffffff-0000-4000-8000-000000000000';
const [admin, tech, guest] = [1, 2, 3].map(userId) as [string, string, string];
const entities = (fields: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { ${fields} } } }`;
const people = (...ids: readonly string[]) => ({ of: ids.map((id) => ({ __typename: 'User', id })) });
const withoutAccount = { settings: { accountEmail: undefined, accountPassword: undefined } };
const pathsOf = ({ calls }: SubgraphUnderTest): string[] => calls.map(({ method, path }) => `${method} ${path}`);

type Login = { readonly authorization: string; readonly session: string };

async function login({ upstream, calls }: SubgraphUnderTest, name: string): Promise<Login> {
  const response = await fetch(`${upstream}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${name}@lab.example`, password: 'sandbox' }),
  });
  const { data } = (await response.json()) as { data: { access_token: string; session_id: string } };
  calls.length = 0;
  return { authorization: `Bearer ${data.access_token}`, session: data.session_id };
}

async function revoke({ upstream, calls }: SubgraphUnderTest, session: string, authorization: string): Promise<void> {
  await fetch(`${upstream}/auth/sessions/${session}`, { method: 'DELETE', headers: { authorization } });
  calls.length = 0;
}

function handMovedClock() {
  let now = Date.now();
  return {
    now: () => now,
    forward: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

test('me is the person of the token, in full', async () => {
  await using auth = await startSubgraph('auth');
  const { authorization } = await login(auth, 'tech');
  const { data, errors } = await auth.ask(
    `{ me { id displayName email firstName lastName role status department position labAffiliation emailVerified lastLoginAt
      createdAt } }`,
    {},
    { authorization },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ me: { id: tech, email: 'tech@lab.example', role: 'LAB_TECHNICIAN', status: 'ACTIVE' } });
});

test.for(['me { id }', 'mySessions { id }', 'users { id }', `user(id: "${userId(1)}") { id }`])(
  '%s needs a token',
  async (field) => {
    await using auth = await startSubgraph('auth');
    const { data, errors } = await auth.ask(`{ ${field} }`, {}, { caller: stranger });
    expect(Object.values(data ?? {})).toEqual([null]);
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(auth.calls).toEqual([]);
  },
);

test('a token that does not hold is UNAUTHENTICATED and tells nothing of the auth service', async () => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.ask('{ me { id } }', {}, { authorization: 'Bearer nonsense' });
  expect(data).toEqual({ me: null });
  expect(errors).toEqual([
    { message: 'The token is not valid any more.', path: ['me'], extensions: { code: 'UNAUTHENTICATED' } },
  ]);
});

test('a revoked token is UNAUTHENTICATED although the auth service answers 404', async () => {
  await using auth = await startSubgraph('auth');
  const revoked = await login(auth, 'tech');
  await revoke(auth, revoked.session, revoked.authorization);
  const { errors } = await auth.ask('{ me { id } }', {}, revoked);
  expect(auth.calls.map(({ status }) => status)).toEqual([404, 404]);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
});

test('people see their own sessions', async () => {
  await using auth = await startSubgraph('auth');
  const { authorization, session } = await login(auth, 'guest');
  const { data, errors } = await auth.askLocally(
    '{ mySessions { id ipAddress createdAt lastUsedAt expiresAt } }',
    {},
    { authorization },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({ mySessions: [{ id: session }] });
});

test('administrators list people with one call and find them by id', async () => {
  await using auth = await startSubgraph('auth');
  const asked = await login(auth, 'admin');
  const listed = await auth.askLocally('{ users { id email role displayName } }', {}, asked);
  expect(listed.data?.['users']).toHaveLength(counts.users);
  expect(pathsOf(auth)).toEqual(['GET /admin/users']);
  const found = await auth.ask(`{ a: user(id: "${guest}") { email } b: user(id: "${unknownId}") { email } }`, {}, asked);
  expect(found).toEqual({ data: { a: { email: 'guest@lab.example' }, b: null } });
  auth.calls.length = 0;
  expect(await auth.ask('{ user(id: "7") { email } }', {}, asked)).toEqual({ data: { user: null } });
  expect(auth.calls).toEqual([]);
});

test('others may not list people', async () => {
  await using auth = await startSubgraph('auth');
  const asked = await login(auth, 'guest');
  const { data, errors } = await auth.ask(`{ users { id } user(id: "${admin}") { id } }`, {}, asked);
  expect(data).toEqual({ users: null, user: null });
  expect(errors).toMatchObject([1, 2].map(() => ({ extensions: { code: 'FORBIDDEN' } })));
});

test('a reference of which only the id is wanted costs no call', async () => {
  await using auth = await startSubgraph('auth', { url: 'http://127.0.0.1:1' });
  const answer = await auth.ask(entities('id'), people(admin, unknownId));
  expect(answer).toEqual({ data: { _entities: [{ id: admin }, { id: unknownId }] } });
});

test('people are named for everybody, with one login and one list per minute', async () => {
  const clock = handMovedClock();
  await using auth = await startSubgraph('auth', { clock });
  const everybody = people(...range(counts.users).map(userId));
  const { data, errors } = await auth.askLocally(entities('id displayName'), everybody);
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toMatchObject(range(counts.users).map((n) => ({ id: userId(n), displayName: expect.any(String) })));
  expect(pathsOf(auth)).toEqual(['POST /auth/login', 'GET /admin/users']);
  await auth.askLocally(entities('displayName'), everybody);
  expect(auth.calls).toHaveLength(2);
  clock.forward(61);
  await auth.askLocally(entities('displayName'), everybody);
  expect(pathsOf(auth).slice(2)).toEqual(['GET /admin/users']);
});

test('requests that come together share the login and the list', async () => {
  await using auth = await startSubgraph('auth');
  await Promise.all(range(5).map(() => auth.askLocally(entities('displayName'), people(admin))));
  expect(pathsOf(auth)).toEqual(['POST /auth/login', 'GET /admin/users']);
});

test('a person who is not in the list is looked up by id, and an unknown one has no name', async () => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.askLocally(entities('id displayName'), people(unknownId, 'user', admin));
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { id: unknownId, displayName: null },
    { id: 'user', displayName: null },
    { id: admin, displayName: expect.any(String) },
  ]);
  expect(pathsOf(auth)).toEqual(['POST /auth/login', 'GET /admin/users', `GET /admin/users/${unknownId}`]);
});

test("the gateway's own token is renewed a minute before it ends", async () => {
  const clock = handMovedClock();
  await using auth = await startSubgraph('auth', { clock });
  await auth.askLocally(entities('displayName'), people(admin));
  auth.calls.length = 0;
  clock.forward(59 * 60 + 1);
  await auth.askLocally(entities('displayName'), people(admin));
  expect(pathsOf(auth)).toEqual(['POST /auth/login', 'GET /admin/users']);
});

test("a revoked token of the gateway's own is replaced by one new login", async () => {
  const clock = handMovedClock();
  await using auth = await startSubgraph('auth', { clock });
  await auth.askLocally(entities('displayName'), people(admin));
  const asked = await login(auth, 'admin');
  const { data } = await auth.askLocally('{ mySessions { id } }', {}, asked);
  for (const { id } of fieldOf<{ id: string }[]>(data, 'mySessions')) {
    if (id !== asked.session) await revoke(auth, id, asked.authorization);
  }
  clock.forward(61);
  const named = await auth.askLocally(entities('displayName'), people(admin));
  expect(named).toEqual({ data: { _entities: [{ displayName: expect.any(String) }] } });
  expect(pathsOf(auth)).toEqual(['GET /admin/users', 'POST /auth/login', 'GET /admin/users']);
});

test('a wrong password of the gateway costs names only, and is tried once a minute', async () => {
  const clock = handMovedClock();
  await using auth = await startSubgraph('auth', { clock, settings: { accountPassword: 'wrong' } });
  for (const _ of range(3)) {
    const { data, errors } = await auth.askLocally(entities('id displayName'), people(tech));
    expect(data?.['_entities']).toEqual([{ id: tech, displayName: null }]);
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_REJECTED', service: 'auth' } }]);
  }
  expect(pathsOf(auth)).toEqual(['POST /auth/login']);
  clock.forward(61);
  await auth.askLocally(entities('displayName'), people(tech));
  expect(auth.calls).toHaveLength(2);
});

test("an account of the gateway's that is no administrator costs names only", async () => {
  await using auth = await startSubgraph('auth', { settings: { accountEmail: 'guest@lab.example' } });
  const { data, errors } = await auth.askLocally(entities('id displayName'), people(tech));
  expect(data?.['_entities']).toEqual([{ id: tech, displayName: null }]);
  expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_REJECTED', service: 'auth' } }]);
});

test('strangers see no more of a person than the name, and asking costs no call', async () => {
  await using auth = await startSubgraph('auth');
  const { data, errors } = await auth.ask(entities('id email role lastLoginAt'), people(admin));
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([{ id: admin, email: null, role: null, lastLoginAt: null }]);
  expect(auth.calls).toEqual([]);
});

test('people see themselves in full through a reference, and others by name alone', async () => {
  await using auth = await startSubgraph('auth');
  const asked = await login(auth, 'tech');
  const { data, errors } = await auth.askLocally(entities('id email firstName role'), people(admin, tech), asked);
  expect(errors).toBeUndefined();
  expect(data?.['_entities']).toEqual([
    { id: admin, email: null, firstName: null, role: null },
    { id: tech, email: 'tech@lab.example', firstName: expect.any(String), role: 'LAB_TECHNICIAN' },
  ]);
  expect(pathsOf(auth)).toEqual(['GET /auth/me']);
});

test('administrators see everybody in full through references, with their own token and two calls', async () => {
  await using auth = await startSubgraph('auth');
  const asked = await login(auth, 'admin');
  const { data } = await auth.askLocally(entities('email role'), people(guest, tech, admin), asked);
  expect(data?.['_entities']).toMatchObject([
    { email: 'guest@lab.example', role: 'GUEST' },
    { email: 'tech@lab.example', role: 'LAB_TECHNICIAN' },
    { email: 'admin@lab.example', role: 'LAB_ADMINISTRATOR' },
  ]);
  expect(pathsOf(auth)).toEqual(['GET /auth/me', 'GET /admin/users']);
  expect(auth.calls.every(({ headers }) => headers.authorization === asked.authorization)).toBe(true);
});

test("without an account of the gateway's own, people are named to themselves alone", async () => {
  await using auth = await startSubgraph('auth', withoutAccount);
  const asked = await login(auth, 'tech');
  const { data } = await auth.ask(entities('id displayName'), people(tech, admin), asked);
  expect(data?.['_entities']).toEqual([
    { id: tech, displayName: expect.any(String) },
    { id: admin, displayName: null },
  ]);
  auth.calls.length = 0;
  const stranger = await auth.ask(entities('id displayName'), people(tech));
  expect(stranger).toEqual({ data: { _entities: [{ id: tech, displayName: null }] } });
  expect(auth.calls).toEqual([]);
});

const fieldOf = <Value>(data: ExecutionResult['data'], field: string): Value => data?.[field] as Value;
