import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ServingProcess } from '#test/harness/serving.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

/** The workers of a process (proc(5), children). */
const workersOf = ({ pid }: ServingProcess): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** A new connection for every question, so that each may meet another worker. */
const once: RequestInit = { headers: { 'content-type': 'application/json', connection: 'close' } };

/** Asks without a break until it is stopped; how many were answered well, and what became of the others. */
function load(gateway: ServingProcess) {
  const failed: string[] = [];
  let [running, answered] = [true, 0];
  const asking = Array.from({ length: 6 }, async () => {
    while (running) {
      const body = await gateway.ask(undefined, once).then(
        (answer) => answer.text(),
        (error: Error) => String(error.cause),
      );
      if (body.includes('Book 1')) answered++;
      else failed.push(body);
    }
  });
  return {
    answered: () => answered,
    async stop() {
      running = false;
      await Promise.all(asking);
      return failed;
    },
  };
}

const some = { timeout: 20_000, interval: 20 };

test('RC-23: workers share one port; one that dies takes only its own requests along and is replaced', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ WORKERS: '3' });
  await expect.poll(() => workersOf(gateway).length, some).toBe(3);
  const before = workersOf(gateway);
  const asked = load(gateway);
  await expect.poll(asked.answered, some).toBeGreaterThan(50);
  process.kill(before[1] ?? 0, 'SIGKILL');
  await expect.poll(() => workersOf(gateway).filter((pid) => !before.includes(pid)).length, some).toBe(1);
  const sofar = asked.answered();
  await expect.poll(asked.answered, some).toBeGreaterThan(sofar + 50);
  // At most what it had in hand when it died.
  expect((await asked.stop()).length).toBeLessThanOrEqual(6);
  const all = load(gateway);
  await expect.poll(all.answered, some).toBeGreaterThan(50);
  expect(await all.stop()).toEqual([]);
  expect((await (await gateway.ask()).json()).data).toEqual({ book: { title: 'Book 1' } });
  gateway.kill('SIGTERM');
  const { code, stdout, stderr } = await gateway.ended;
  expect(code).toBe(0);
  expect(stdout.match(/listens on/g)).toHaveLength(1);
  expect(stderr).toContain('a worker ended; another one starts');
}, 60_000);

test('G7: SIGTERM lets every worker finish what it has in hand', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ WORKERS: '2' });
  await expect.poll(() => workersOf(gateway).length, some).toBe(2);
  await Promise.all(Array.from({ length: 20 }, () => gateway.ask(undefined, once)));
  bookshop.books.fault = { delayMs: 1_000 };
  const sofar = bookshop.books.seen.length;
  const asked = Array.from({ length: 40 }, () => gateway.ask(undefined, once).then((answer) => answer.text()));
  await expect.poll(() => bookshop.books.seen.length, some).toBe(sofar + 40);
  gateway.kill('SIGTERM');
  const answers = await Promise.all(asked);
  expect(answers.filter((text) => text.includes('Book 1'))).toHaveLength(40);
  expect((await gateway.ended).code).toBe(0);
});

test('what keeps a worker from starting is said once, and ends the process', async () => {
  await using bookshop = await serveBookshop();
  await bookshop.replace('supergraph.graphql', 'type Query { this: IsNoSupergraph }');
  const refused = await bookshop.start({ WORKERS: '2' }).catch((error: Error) => error.message);
  expect(String(refused).match(/no enum join__Graph/g)).toHaveLength(1);
});

test('a worker that turns traffic away has the others do the same, and so do those that replace them', async () => {
  await using bookshop = await serveBookshop();
  const plant = onUserSignal('process.send({command:"drain"})');
  const gateway = await bookshop.start({ WORKERS: '2', ...plant });
  await expect.poll(() => workersOf(gateway).length, some).toBe(2);
  const [told = 0] = workersOf(gateway);
  const ready = async (): Promise<number> => (await fetch(`${gateway.url}/ready`, once)).status;
  expect(await ready()).toBe(200);
  process.kill(told, 'SIGUSR2');
  await expect.poll(ready, some).toBe(503);
  process.kill(told, 'SIGKILL');
  await expect.poll(() => workersOf(gateway).includes(told), some).toBe(false);
  await expect.poll(() => workersOf(gateway).length, some).toBe(2);
  // Long enough for the new one to serve: its turn comes with every other connection.
  for (let times = 0; times < 30; times++) {
    expect(await ready()).toBe(503);
    await pause(100);
  }
});
