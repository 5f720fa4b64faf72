import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ServedBookshop, ServingProcess } from '#test/harness/serving.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

/* Several workers of one port are one gateway to its operators, whichever of them they reach. */

const token = 'the-token-of-the-operators-in-tests';
const slow = { timeout: 180_000 };
const some = { timeout: 60_000, interval: 100 };
const once: RequestInit = { headers: { 'content-type': 'application/json', connection: 'close' } };

const workersOf = ({ pid }: ServingProcess): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

type Operated = { readonly gateway: ServingProcess; readonly admin: (path: string, init?: RequestInit) => Promise<Response> };

/** Two workers that both serve. */
async function startTwo(bookshop: ServedBookshop, env: Record<string, string> = {}): Promise<Operated> {
  const gateway = await bookshop.start({ WORKERS: '2', ADMIN_TOKEN: token, ABUSE_REQUESTS: '0', ...env });
  const operators = /Operators\D*(http:\S+)/i.exec(await gateway.printed('http'))?.[1] ?? '';
  const admin: Operated['admin'] = (path, init) =>
    fetch(new URL(path, operators), {
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'close',
        ...(init?.body !== undefined && { 'content-type': 'application/json' }),
      },
    });
  const serve = async (): Promise<number> => (await statusOf({ gateway, admin })).workers.length;
  await expect.poll(serve, some).toBe(2);
  return { gateway, admin };
}

type WorkerStatus = { readonly requests_total: number; readonly log_level: string; readonly draining: boolean };

const statusOf = async ({ admin }: Operated): Promise<WorkerStatus & { readonly workers: readonly WorkerStatus[] }> =>
  (await admin('/admin/status')).json();

const answered = async ({ admin }: Operated): Promise<number> => {
  const text = await (await admin('/metrics')).text();
  return Number(/^api_gateway_requests_total\{service="gateway",endpoint="other",status="200"\} (\d+)/m.exec(text)?.[1] ?? 0);
};

test('RC-23: metrics and status count what all workers did, and go on when one of them dies', slow, async () => {
  await using bookshop = await serveBookshop();
  const two = await startTwo(bookshop);
  for (let times = 0; times < 40; times++)
    expect((await two.gateway.ask(undefined, { ...once, method: 'POST' })).status).toBe(200);
  for (let times = 0; times < 6; times++) expect(await answered(two)).toBe(40);
  const { requests_total, workers } = await statusOf(two);
  expect(requests_total).toBe(40);
  expect(workers.map((each) => each.requests_total).every((count) => count > 0 && count < 40)).toBe(true);
  const [victim = 0] = workersOf(two.gateway);
  process.kill(victim, 'SIGKILL');
  await expect.poll(() => workersOf(two.gateway).includes(victim), some).toBe(false);
  await expect.poll(async () => (await statusOf(two)).workers.length, some).toBe(2);
  expect(await answered(two)).toBe(40);
  await two.gateway.ask(undefined, once);
  await expect.poll(() => answered(two), some).toBe(41);
});

test('RC-23: all workers together have the series of one process, whatever clients send', slow, async () => {
  await using bookshop = await serveBookshop();
  const two = await startTwo(bookshop);
  const text = await (await two.admin('/metrics')).text();
  const names = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/ \S+$/, ''));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeLessThan(2_000);
});

test('RC-23: what operators say reaches every worker, and those that come later', slow, async () => {
  await using bookshop = await serveBookshop();
  const two = await startTwo(bookshop);
  const levels = async () => (await statusOf(two)).workers.map((each) => each.log_level);
  expect((await two.admin('/admin/log-level', { method: 'PUT', body: '{"level":"error"}' })).status).toBe(200);
  expect(await levels()).toEqual(['error', 'error']);
  const [victim = 0] = workersOf(two.gateway);
  process.kill(victim, 'SIGKILL');
  await expect.poll(() => workersOf(two.gateway).includes(victim), some).toBe(false);
  await expect.poll(levels, some).toEqual(['error', 'error']);
  expect((await two.admin('/admin/drain', { method: 'POST' })).status).toBe(200);
  await expect.poll(async () => (await statusOf(two)).workers.every(({ draining }) => draining), some).toBe(true);
  await two.admin('/admin/undrain', { method: 'POST' });
  await expect.poll(async () => (await statusOf(two)).workers.some(({ draining }) => draining), some).toBe(false);
  expect(await (await two.admin('/admin/reload', { method: 'POST' })).json()).toMatchObject({ reloaded: true });
  await bookshop.replace('plans.json', '{ broken');
  const refused = await two.admin('/admin/reload', { method: 'POST' });
  expect(refused.status).toBe(400);
  expect(JSON.stringify(await refused.json())).toContain('plans');
});

test('workers that die again and again end the process', slow, async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ WORKERS: '2', ...onUserSignal('process.exit(7)') });
  let isOver = false;
  const ended = gateway.ended.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const pid of isOver ? [] : workersOf(gateway)) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toContain('workers end again and again');
});
