import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openCache } from '#gateway/cache/open-cache.ts';
import { unwatched } from '#gateway/observer.ts';
import { overloadGuard } from '#gateway/overload/guard.ts';
import { nextWindow, openWindow } from '#gateway/overload/window.ts';
import { systemClock } from '#kit/clock.ts';
import type { Load } from '#kit/process-load.ts';
import { startLibrary, testSettings } from '#test/gateway/cache/library.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

const most = 1_000;
const late = (peak: number) => ({ isLate: true, peak });
const calm = { isLate: false, peak: 0 };

test('G13: what may run at once is halved while the loop is late, and opens again beyond what ran before', () => {
  const first = nextWindow(openWindow(most), late(800), most);
  expect(first.points).toBe(400);
  const second = nextWindow(first, late(400), most);
  expect(second.points).toBe(200);
  const [third, fourth] = [nextWindow(second, calm, most), nextWindow(nextWindow(second, calm, most), calm, most)];
  expect([third.points, fourth.points]).toEqual([400, 800]);
  expect(nextWindow(fourth, calm, most)).toEqual(openWindow(most));
  expect(nextWindow(openWindow(most), calm, most)).toEqual(openWindow(most));
});

test('a process that runs next to nothing turns nothing away, however late its loop is', () => {
  expect(nextWindow(nextWindow(openWindow(most), late(8), most), late(8), most).points).toBe(100);
});

test('RE-03, G13: dear operations are turned away first, cheap ones still find room', async () => {
  let load: Load = { delayMs: 0, heap: 0.1 };
  const states: string[] = [];
  const fits = (points: number): boolean => {
    try {
      guard.enter(points)[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  };
  const [prices, found] = [[200, 151, 150, 10], [] as boolean[]];
  using guard = overloadGuard({
    maxRunningCost: 1_000,
    maxDelayMs: 200,
    measure: () => load,
    onChange(state) {
      states.push(state);
      // What ran at once was 500, so 250 may now, and 100 of them are taken.
      if (state === 'overloaded') found.push(...prices.map(fits));
      load = { delayMs: 0, heap: 0.1 };
    },
    onMemoryPressure: () => undefined,
    everyMs: 5,
  });
  guard.begin();
  guard.enter(100);
  expect([fits(901), fits(900)]).toEqual([false, true]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  guard.enter(400)[Symbol.dispose]();
  load = { delayMs: 900, heap: 0.1 };
  await expect.poll(() => states, { interval: 5 }).toEqual(['overloaded', 'calm']);
  expect(found).toEqual([false, false, true, true]);
  expect(fits(900)).toBe(true);
});

test('RE-15, G14: while memory runs out operations are refused, caches are told, and health goes on; at 95 % it is not ready', async () => {
  await using books = await startForeign(bookshop.books);
  let [heap, told] = [0.5, 0];
  await using gateway = await testGateway({
    sdl: composeForeign([books]),
    measureLoad: () => ({ delayMs: 0, heap }),
    onMemoryPressure: () => void told++,
  });
  const statusOf = async (path: string): Promise<number> => (await gateway.send({ path })).status;
  expect((await gateway.query('{ book(id: 1) { title } }')).status).toBe(200);
  heap = 0.86;
  await expect.poll(() => told).toBeGreaterThan(0);
  const refused = await gateway.query('{ book(id: 1) { title } }');
  expect([refused.status, refused.headers.get('retry-after'), refused.body.errors?.[0]?.extensions['code']]).toEqual([
    503,
    '1',
    'OVERLOADED',
  ]);
  expect(await Promise.all(['/live', '/ready'].map(statusOf))).toEqual([200, 200]);
  heap = 0.96;
  await expect.poll(() => statusOf('/ready')).toBe(503);
  expect(await statusOf('/live')).toBe(200);
  heap = 0.5;
  await expect.poll(() => statusOf('/ready')).toBe(200);
  expect((await gateway.query('{ book(id: 1) { title } }')).status).toBe(200);
});

test('more points than may run at once are turned away while others run', async () => {
  await using books = await startForeign(bookshop.books);
  await using gateway = await testGateway({ sdl: composeForeign([books]), env: { MAX_RUNNING_COST: '3' } });
  books.fault = { delayMs: 300 };
  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => gateway.query(`{ book(id: ${n}) { title } }`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503]);
  const refused = answers.find(({ status }) => status === 503);
  expect([refused?.body.errors?.[0]?.extensions['code'], refused?.headers.get('retry-after')]).toEqual(['OVERLOADED', '1']);
});

test('RE-03, G13: a loop that was blocked for a second turns work away, answers health, and recovers by itself', async () => {
  await using bookshop = await serveBookshop();
  // A second at first, then again and again, so that also a slow test meets it.
  const block =
    'const/**/hold=(ms)=>{const/**/end=Date.now()+ms;while(Date.now()<end);};let/**/left=8;hold(1000);const/**/timer=setInterval(()=>{hold(400);if(--left===0)clearInterval(timer);},500);';
  const gateway = await bookshop.start(onUserSignal(block));
  const dear = '{ books(first: 50) { title } }';
  await gateway.ask(dear);
  bookshop.books.fault = { delayMs: 4_000 };
  const running = Array.from({ length: 30 }, () => gateway.ask(dear));
  await expect.poll(() => bookshop.books.seen.length).toBe(31);
  gateway.kill('SIGUSR2');
  const statuses: number[] = [];
  const late: Promise<unknown>[] = [];
  // On a machine that is busy itself the signal may come late.
  for (let times = 0; times < 400 && (times < 40 || !statuses.includes(503)); times++) {
    late.push(gateway.ask(dear).then(({ status }) => statuses.push(status)));
    await pause(50);
  }
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  await Promise.all(late);
  expect(statuses).toContain(503);
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array(30).fill(200));
  bookshop.books.fault = undefined;
  await expect.poll(async () => (await gateway.ask(dear)).status, { timeout: 10_000 }).toBe(200);
});

test('RE-15: while memory runs out answers and plans that are kept are given up, and made again when it is over', async () => {
  await using books = await startForeign(bookshop.books);
  let heap = 0.5;
  const plans: string[] = [];
  const cache = await openCache({ settings: testSettings({}), clock: systemClock });
  let givenUp = 0;
  await using gateway = await testGateway({
    sdl: composeForeign([books]),
    measureLoad: () => ({ delayMs: 0, heap }),
    onMemoryPressure() {
      givenUp += 1;
      cache.giveUp();
    },
    observer: { ...unwatched, planLookedUp: (result) => plans.push(result) },
  });
  const ask = async (): Promise<number> => (await gateway.query('{ book(id: 1) { title } }')).status;
  expect([await ask(), await ask(), plans]).toEqual([200, 200, ['miss', 'hit']]);
  heap = 0.9;
  await expect.poll(() => givenUp).toBeGreaterThan(0);
  heap = 0.5;
  await expect.poll(ask).toBe(200);
  expect(plans.slice(0, 3)).toEqual(['miss', 'hit', 'miss']);
});

test('a cache that gives up its memory forgets its answers, and keeps new ones', async () => {
  await using library = await startLibrary();
  await using branch = await library.open();
  const asked = async (): Promise<number> => {
    library.asked.length = 0;
    await branch.gateway.query('{ book(id: "1") { title } }');
    return library.asked.length;
  };
  expect([await asked(), await asked()]).toEqual([1, 0]);
  branch.cache.giveUp();
  expect([await asked(), await asked()]).toEqual([1, 0]);
});
