import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';
import { serveBookshop } from '#test/harness/serving.ts';
import { connectRaw } from '#test/harness/socket.ts';

/** Prints, at its end, the processor's seconds that a process took: others have no part in those. */
const printsSeconds = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent("process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stdout.write(String((user+system)/1e6))})")}`,
};

const secret = 'hunter2-is-not-to-be-seen';

test.each<[string, Record<string, string>]>([
  ['GATEWAY_PORT', { GATEWAY_PORT: secret }],
  ['REDIS_URL', { REDIS_URL: secret }],
  ['SUPERGRAPH_PATH', { SUPERGRAPH_PATH: `/${secret}.graphql` }],
  ['SUPERGRAPH_PATH', { SUPERGRAPH_PATH: 'package.json' }],
  ['PLANS_PATH', { PLANS_PATH: 'README.md' }],
  ['REDIS_CA_FILE', { REDIS_URL: 'rediss://127.0.0.1:1', REDIS_CA_FILE: `/${secret}` }],
  ['JWT_SECRET_KEY_FILE', { JWT_SECRET_KEY_FILE: `/${secret}` }],
  ['SERVICES_PATH', { SERVICES_PATH: `/${secret}.json` }],
  ['JWT_SECRET_KEY', { ENVIRONMENT: 'production', JWT_SECRET_KEY: 'short' }],
])('G18 a start with a %s that cannot be used ends at once with its name, and not with its value', async (name, env) => {
  const { code, stderr, stdout } = await runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0', ...env, ...printsSeconds }).ended;
  expect(code).toBe(1);
  expect(Number(stdout)).toBeLessThan(2);
  const lines = stderr.trim().split('\n');
  expect(lines.filter((line) => line.startsWith(`${name}:`) || line.startsWith(`${name} (or `))).toHaveLength(1);
  expect(lines.filter((line) => !/^[A-Z][A-Z\d_]+( \(or [^)]*\))?: \S/.test(line))).toEqual([]);
  expect(stderr).not.toContain(secret);
});

test.skipIf(process.platform !== 'linux')(
  'G15 a process without file descriptors refuses connections, and serves again once some are free',
  async () => {
    await using bookshop = await serveBookshop();
    const gateway = await bookshop.start();
    expect((await gateway.ask()).status).toBe(200);
    const used = readdirSync(`/proc/${gateway.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${used + 8}:`]);
    const sockets = await Promise.all(Array.from({ length: 40 }, () => connectRaw(gateway.url)));
    await expect.poll(() => readdirSync(`/proc/${gateway.pid}/fd`).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(used + 8);
    for (const socket of sockets) socket[Symbol.dispose]();
    await expect.poll(async () => (await gateway.ask().catch(() => undefined))?.status, { timeout: 10_000 }).toBe(200);
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
  },
);
