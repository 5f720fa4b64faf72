import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { faultTable } from '#test/harness/fault-table.ts';
import type { Row } from './fault-run.ts';
import { suffer } from './fault-run.ts';
import { run } from './processes.ts';
import { writeSection } from './results.ts';
import { isBanner, logIn, serviceEnvironment } from './targets.ts';

const help = `Lets one service fail in every way and measures its own caller, a healthy caller beside it, and the recovery.

  npm run bench:faults                     6 s a fault, twice; about five minutes
  npm run bench:faults -- --seconds 2
  npm run bench:faults -- --only reset     faults with this word in their name
  npm run bench:faults -- --write          also writes its section of test/bench/RESULTS.md
  npm run bench:faults -- --json           prints the figures as JSON`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Four calls leave the circuit closed, which opens at the fifth failure; a call every 100 ms opens it. */
const modes = [
  { name: 'closed', everyMs: undefined, env: { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '60' } },
  { name: 'opened', everyMs: 100, env: { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '1' } },
] as const;

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const faults = faultTable.filter(([name]) => name.includes(values.only));
  const rows: Row[] = [];
  const load = loadavg()[0]?.toFixed(1);
  for (const { name: circuit, everyMs, env } of modes) {
    await using sandbox = await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {});
    const urls: Readonly<Record<string, string>> = JSON.parse(sandbox.ready);
    await using gateway = await run(
      ['gateway/main.ts'],
      { ...gatewayEnvironment, ...serviceEnvironment(urls), ...env },
      isBanner,
    );
    const url = /http:\S+/.exec(gateway.ready)?.[0] ?? '';
    const headers = await logIn(url);
    for (const [name, fault] of faults) {
      say(`${name}, circuit ${circuit} (${rows.length + 1} of ${faults.length * modes.length})`);
      const struck = { url, headers, storageUrl: urls['storage'] ?? '', fault, everyMs, lastsMs: Number(values.seconds) * 1_000 };
      rows.push({ name, circuit, ...(await suffer(struck)) });
    }
  }
  const report = table(rows);
  console.log(values.json ? JSON.stringify(rows) : report);
  if (values.write) await writeSection('Faults', section(report, load));
}

const gatewayEnvironment = {
  NODE_ENV: 'production',
  ENVIRONMENT: 'test',
  GATEWAY_HOST: '127.0.0.1',
  GATEWAY_PORT: '0',
  LOG_LEVEL: 'error',
  RATE_LIMIT_ENABLED: 'false',
  CACHE_ENABLED: 'false',
};

function table(rows: readonly Row[]): string {
  const head = [
    'fault of storage',
    'circuit',
    'code',
    'answer p50 ms',
    'worst ms',
    'victim p50 ms',
    'p99 ms',
    'wrong or failed',
    'recovery ms',
  ];
  const lines = rows.map(({ name, circuit, codes, answerMs, worstMs, victim, recoveryMs }) => [
    name,
    circuit,
    codes.join(', '),
    answerMs.toFixed(0),
    worstMs.toFixed(0),
    victim.p50.toFixed(0),
    victim.p99.toFixed(0),
    `${victim.failed} of ${victim.asked}`,
    recoveryMs === null ? 'none' : recoveryMs.toFixed(0),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const section = (report: string, load: string | undefined): string =>
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load average ${load} before the start, Node ${process.versions.node}.
Made by \`npm run bench:faults -- --write\`. Storage fails for ${values.seconds} s while its own caller asks for one sample with its
position and a victim asks 20 times a second for what needs no storage. \`closed\`: four failing calls, fewer than open the
circuit. \`opened\`: a call every 100 ms with \`CIRCUIT_BREAKER_RECOVERY_TIMEOUT=1\`; with its default of 60 s an open circuit
recovers within 60 s, which is what it is for. Recovery is the time from the fault's end to the first right answer, asked for every
25 ms; targets are a victim's p99 of 250 ms and a recovery within 2 s. Sandbox, gateway and callers share the cores.

${report}`;

function say(text: string): void {
  process.stderr.write(`… ${text}\n`);
}

await main();
