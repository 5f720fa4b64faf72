import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findRedis } from '#test/harness/find-store.ts';
import type { Timed } from './endurance-verdict.ts';
import { judged, timesOf } from './endurance-verdict.ts';
import type { Load } from './mixed-load.ts';
import { startLoad } from './mixed-load.ts';
import { writeSection } from './results.ts';
import { startWatched } from './watched-gateway.ts';

const help = `Runs a gateway with everything on under a mixed load, reloads it again and again, and looks for what grows.

  npm run bench:endurance                       60 minutes
  npm run bench:endurance -- --minutes 10       a short run; its slope has a wide interval
  npm run bench:endurance -- --rate 200         requests a second (100)
  npm run bench:endurance -- --samples file     also writes every sample as a JSON line
  npm run bench:endurance -- --json             prints the figures as JSON
  npm run bench:endurance -- --write            also writes its section of test/bench/RESULTS.md

The first third warms up and does not count. Exit code 0 when resident memory grows by less than 1 MB an hour, handles and
threads stay as they are and no answer is wrong; 1 when one of these is missed, or the run was too short to tell.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '100' },
    samples: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const sampleEveryMs = 5_000;
const reloadEveryMs = 30_000;
/** A token of the laboratory lives for a day; a session is known for shorter. */
const logInEveryMs = 300_000;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0.');
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const { samples, load, reloads } = await endure(minutes);
  const verdict = judged({ samples, failed: load.failed().count, minutes });
  const report = [`${load.asked()} requests, ${reloads} reloads.`, verdict.table, ...verdict.words].join('\n\n');
  console.log(values.json ? JSON.stringify({ minutes, requests: load.asked(), reloads, ...verdict.figures }) : report);
  for (const wrong of load.failed().first.slice(0, 10)) console.error(wrong);
  if (values.samples !== undefined) await writeFile(values.samples, samples.map((one) => `${JSON.stringify(one)}\n`).join(''));
  if (values.write) await writeSection('Endurance', section(report, loadBefore));
  process.exitCode = verdict.met ? 0 : 1;
}

type Endured = { readonly samples: readonly Timed[]; readonly load: Load; readonly reloads: number };

async function endure(minutes: number): Promise<Endured> {
  await using opening = new AsyncDisposableStack();
  const redis = await findRedis();
  opening.defer(redis.stop);
  if (redis.url === undefined) throw new Error(`Redis: ${redis.how}`);
  const gateway = opening.use(await startWatched({ redisUrl: redis.url }));
  let callers = await gateway.callers();
  const load = startLoad({ origin: gateway.origin, callers: () => callers, users: 8, perSecond: Number(values.rate) });
  opening.defer(load.stop);
  const { isDue, minute } = timesOf(performance.now());
  const samples: Timed[] = [];
  let reloads = 0;
  while (minute() < minutes) {
    await pause(sampleEveryMs);
    samples.push({ minute: minute(), ...(await gateway.sample()) });
    if (isDue('log in', logInEveryMs)) callers = await gateway.callers();
    if (isDue('reload', reloadEveryMs)) {
      await gateway.reload();
      reloads += 1;
    }
    say(samples, load);
  }
  await load.stop();
  return { samples, load, reloads };
}

function say(samples: readonly Timed[], load: Load): void {
  const last = samples.at(-1);
  if (!process.stderr.isTTY || last === undefined) return;
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  const memory = `resident ${megabytes(last.rss)}, heap ${megabytes(last.heapUsed)}, ${last.handles} handles`;
  const { count } = load.failed();
  process.stderr.write(
    `\r\u001b[K${last.minute.toFixed(1)} of ${values.minutes} min, ${load.asked()} asked, ${count} wrong, ${memory}`,
  );
}

const section = (
  report: string,
  loadBefore: number,
): string => `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before the start, Node ${process.versions.node}.
Made by \`npm run bench:endurance -- --minutes ${values.minutes} --rate ${values.rate} --write\`. One gateway process with identity, limits and
cache in Redis, log file, metrics and admin listener, over the sandbox; repeated and unique operations, changes, prices and
refusals, as a person and two partners; another supergraph and other plans every 30 s. A sample every 5 s, after a forced
collection; slopes are of the last two thirds, with the interval that holds the true one with 95 %.

${report}
`;

await main();
