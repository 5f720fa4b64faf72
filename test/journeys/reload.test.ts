import { expect, test } from 'vitest';
import { composeForeign, bookshop as definitions, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { serveBookshop } from '#test/harness/serving.ts';

const withPages = definitions.books.sdl.replace('title: String!', 'title: String! pages: Int');

test('G9, G10: SIGHUP reads every file again; a broken one leaves its part as it was, and holds up no other', async () => {
  await using bookshop = await serveBookshop();
  await bookshop.replace('secret', 'a-secret-of-more-than-thirty-two-characters');
  const gateway = await bookshop.start({
    SUPERGRAPH_POLL_MS: '600000',
    PLANS_POLL_MS: '600000',
    SUBGRAPH_SECRET_FILE: bookshop.file('secret'),
  });
  const priced = async (): Promise<number> => {
    const answer = await gateway.ask();
    const { extensions } = await answer.json();
    return extensions.cost.throttleStatus.maximumAvailable;
  };
  const knowsPages = async (): Promise<boolean> => (await (await gateway.ask('{ books { pages } }')).json()).data !== undefined;
  expect([await priced(), await knowsPages()]).toEqual([1_000_000, false]);

  await bookshop.replace('plans.json', '{ "anonymous": { "capa');
  await bookshop.replace('secret', 'another-secret-of-more-than-thirty-two-characters');
  await bookshop.replace('supergraph.graphql', composeForeign([bookshop.books], { books: withPages }));
  gateway.kill('SIGHUP');
  await expect.poll(knowsPages, { timeout: 10_000 }).toBe(true);
  expect(await priced()).toBe(1_000_000);

  const plan = { requestsPerMinute: 1_000, capacity: 500, restorePerSecond: 500, maxQueryCost: 100, maxInFlight: 10 };
  await bookshop.replace('plans.json', JSON.stringify({ default: plan, anonymous: plan }));
  await bookshop.replace('supergraph.graphql', 'type Query { this: IsNoSupergraph }');
  gateway.kill('SIGHUP');
  await expect.poll(priced, { timeout: 10_000 }).toBe(500);
  expect(await knowsPages()).toBe(true);

  gateway.kill('SIGTERM');
  const { code, stderr } = await gateway.ended;
  expect(code).toBe(0);
  const lines = stderr.split('\n').filter((line) => line.includes('"read again"'));
  const [first, second] = lines.map((line) => JSON.parse(line).outcomes);
  expect(first).toMatchObject({
    supergraph: { ok: true },
    plans: { ok: false },
    settings: { ok: false, error: expect.stringMatching(/^SUBGRAPH_SECRET_FILE: changed/) },
  });
  expect(second).toMatchObject({ supergraph: { ok: false }, plans: { ok: true } });
  expect(stderr.match(/supergraph refused/g)).toHaveLength(1);
});

test('G9: a supergraph file that stays broken is told once', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ SUPERGRAPH_POLL_MS: '20' });
  await bookshop.replace('supergraph.graphql', 'type Query { this: IsNoSupergraph }');
  for (let times = 0; times < 20; times++) expect((await gateway.ask()).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 300));
  gateway.kill('SIGTERM');
  expect((await gateway.ended).stderr.match(/supergraph refused/g)).toHaveLength(1);
});

test('RE-08: 50 supergraphs take over one after the other while requests run, and none fails', async () => {
  await using books = await startForeign(definitions.books);
  const sdls = [composeForeign([books]), composeForeign([books], { books: withPages })];
  let at = 0;
  const now = (): string => sdls[at % 2] ?? '';
  const source = { sdl: now(), read: async () => now(), watch: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  await using gateway = await testGateway({ source });
  let [running, answered] = [true, 0];
  const failed: string[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (running) {
      const { text, body } = await gateway.query('{ books(first: 3) { id title } }');
      if (body.data?.['books'] === undefined || body.errors !== undefined) failed.push(text);
      answered++;
    }
  });
  for (at = 1; at <= 50; at++) {
    await gateway.reloads['supergraph']?.();
    const { body } = await gateway.query('{ books { pages } }');
    expect(body.data !== undefined).toBe(at % 2 === 1);
  }
  running = false;
  await Promise.all(load);
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(100);
});
