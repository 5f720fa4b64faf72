import { expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';

type Answer = { readonly data?: Record<string, unknown> | null; readonly errors?: readonly { extensions: { code: string } }[] };

test('a person logs in through the gateway, works with the token, logs out, and the token is worth nothing', async () => {
  await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', SESSION_CHECK_SECONDS: '0' });
  const url = /http:\S+/.exec(await gateway.printed('/graphql'))?.[0] ?? '';
  const ask = async (query: string, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return { status: response.status, ...((await response.json()) as Answer) };
  };
  expect((await ask('{ me { email } }')).status).toBe(401);
  const login = await ask('mutation { login(input: { email: "tech@lab.example", password: "sandbox" }) { accessToken } }');
  const { accessToken } = (login.data as { login: { accessToken: string } }).login;
  expect(await ask('{ me { email role } samples(first: 1) { totalCount } }', accessToken)).toMatchObject({
    status: 200,
    data: { me: { email: 'tech@lab.example', role: 'LAB_TECHNICIAN' }, samples: { totalCount: 500 } },
  });
  expect((await ask('{ rateLimit { plan limit cost remaining resetAt } }', accessToken)).data).toEqual({
    rateLimit: { plan: 'enterprise', limit: 20_000, cost: 1, remaining: expect.any(Number), resetAt: expect.any(String) },
  });
  const refused = await ask('mutation { deleteSample(id: "5a000000-0000-4000-8000-000000000001") }', accessToken);
  expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(await ask('mutation { logout }', accessToken)).toMatchObject({ status: 200, data: { logout: true } });
  const gone = await ask('{ me { email } }', accessToken);
  expect([gone.status, gone.errors?.map(({ extensions }) => extensions.code)]).toEqual([401, ['UNAUTHENTICATED']]);
});

test('the sandbox logs people in also where another secret is set', async () => {
  const env = { GATEWAY_PORT: '0', JWT_SECRET_KEY: 'a secret of somebody with more than 32 characters' };
  await using gateway = runProgram('gateway/main.ts', [], env);
  const url = /http:\S+/.exec(await gateway.printed('/graphql'))?.[0] ?? '';
  const ask = async (query: string, headers: Record<string, string> = {}) =>
    (
      await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      })
    ).text();
  const login = await ask('mutation { login(input: { email: "tech@lab.example", password: "sandbox" }) { accessToken } }');
  const { accessToken } = JSON.parse(login).data.login;
  expect(await ask('{ me { email } }', { authorization: `Bearer ${accessToken}` })).toContain('tech@lab.example');
});
