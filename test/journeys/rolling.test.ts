import { expect, test } from 'vitest';
import { startBalancer } from '#test/harness/balancer.ts';
import type { ServingProcess } from '#test/harness/serving.ts';
import { serveBookshop } from '#test/harness/serving.ts';

/** How often both replicas are replaced: `ROLLINGS=50` for the long run. */
const rollings = Number(process.env['ROLLINGS'] ?? 5);

test(
  `G7, RE-11: ${rollings} rolling restarts of two replicas under load lose no request`,
  async () => {
    await using bookshop = await serveBookshop();
    bookshop.books.fault = { delayMs: 20 };
    const start = (): Promise<ServingProcess> => bookshop.start({ SHUTDOWN_DELAY: '300', RATE_LIMIT_ENABLED: 'false' });
    const replicas = [await start(), await start()];
    await using balancer = await startBalancer(replicas.map(({ url }) => url));
    let [running, answered] = [true, 0];
    const failed: string[] = [];
    const load = Array.from({ length: 8 }, async () => {
      while (running) {
        const answer = await fetch(`${balancer.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"query":"{ book(id: 1) { title } }"}',
        });
        const text = await answer.text();
        if (answer.status === 200 && text.includes('Book 1')) answered++;
        else failed.push(`${answer.status} ${text}`);
      }
    });
    for (let rolling = 0; rolling < rollings; rolling++) {
      for (const [at, old] of replicas.entries()) {
        const next = await start();
        old.kill('SIGTERM');
        expect((await old.ended).code).toBe(0);
        balancer.replace(old.url, next.url);
        await expect.poll(() => balancer.isReady(next.url)).toBe(true);
        replicas[at] = next;
      }
    }
    running = false;
    await Promise.all(load);
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(100 * rollings);
  },
  60_000 + rollings * 20_000,
);
