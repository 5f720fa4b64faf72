import { afterAll, describe, expect, test } from 'vitest';
import { openBlocks } from '#gateway/http/open-blocks.ts';
import { systemClock } from '#kit/clock.ts';
import { findRedis } from '#test/harness/find-store.ts';
import { runProgram } from '#test/harness/process.ts';

// A server of its own: blocks would reach the gateways of other tests.
const server = await findRedis();
afterAll(() => server.stop());

const blocks = (words: string, env: Record<string, string> = { REDIS_URL: server.url ?? '' }) =>
  runProgram('ops/cli/main.ts', ['blocks', ...words.split(' ')], env).ended;

test('without a Redis the command says where blocks are', async () => {
  const { code, stderr } = await blocks('list', {});
  expect([code, stderr]).toEqual([1, expect.stringContaining('each gateway keeps blocks in its own process')]);
});

test('a Redis that is away is told in one line', async () => {
  const { code, stdout, stderr } = await blocks('list', { REDIS_URL: 'redis://127.0.0.1:1' });
  expect([code, stdout, stderr]).toEqual([1, '', 'REDIS_URL: this Redis cannot be reached.\n']);
});

describe.skipIf(server.url === undefined)('blocks on the command line', () => {
  test('are added, seen by gateways, listed and lifted', async () => {
    await using gateway = await openBlocks({
      url: server.url,
      caFile: undefined,
      clock: systemClock,
      onReachable: () => undefined,
    });
    const seen = () => expect.poll(() => gateway.find('2001:db8::1')?.reason, { timeout: 5_000 });
    expect(await blocks('add 2001:DB8:0::1 --for 2h --reason guesses')).toMatchObject({ code: 0, stderr: '' });
    await seen().toBe('guesses');
    const { code, stdout } = await blocks('list --json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      [{ address: '2001:db8::1', until: expect.stringMatching(/^\d{4}-/), reason: 'guesses' }],
    ]);
    expect((await blocks('lift 2001:db8::1')).code).toBe(0);
    await seen().toBeUndefined();
    expect(await blocks('lift 2001:db8::1')).toMatchObject({ code: 1, stderr: '2001:db8::1 is not shut out.\n' });
    expect((await blocks('list')).stdout).toBe('none\n');
  });

  test('want an address', async () => {
    expect(await blocks('add somebody')).toMatchObject({ code: 1, stderr: 'address: is not an IP address.\n' });
    expect(await blocks('add')).toMatchObject({ code: 2, stderr: expect.stringContaining('Which address?') });
    expect(await blocks('add 203.0.113.9 --for ever')).toMatchObject({ code: 2, stderr: expect.stringContaining('--for') });
  });
});
