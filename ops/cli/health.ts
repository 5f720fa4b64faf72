import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { sayRows } from './print.ts';
import { commonOptions, readWords } from './words.ts';

const help = `Asks a running gateway what it knows of itself and of everything that it needs, and prints one line for each.

  npm run cli -- health
  npm run cli -- health --url http://127.0.0.1:9090 --json

  --url   any address of the gateway, on either listener (http://127.0.0.1:8000)
  --path  where health is told (/health, or HEALTH_PATH)
  --json  print [{"name", "health", "circuit"}]

Exit code 0 when all is well, 1 when anything is not, 2 when no gateway answers.`;

type Report = {
  readonly status: string;
  readonly services: Readonly<Record<string, string>>;
};

type Detailed = {
  readonly services: { readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
};

async function run(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { values } = readWords(words, [], {
    ...commonOptions,
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    path: { type: 'string', default: environment['HEALTH_PATH'] || '/health' },
  });
  const place = new URL(values.path, values.url).href;
  const brief = await page<Report>(place);
  const { services } = (await page<Detailed>(`${place}/detailed`)).services;
  const rows = Object.entries(brief.services).map(([name, health]) => ({
    name,
    health,
    milliseconds: milliseconds(services[name]?.['response_time']),
    checked: services[name]?.['last_check'],
    circuit: services[name]?.['circuit_breaker_state'],
  }));
  sayRows(
    [{ name: 'gateway', health: brief.status, milliseconds: undefined, checked: undefined, circuit: undefined }, ...rows],
    values,
  );
  return brief.status === 'healthy' ? 0 : 1;
}

const milliseconds = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' ? Math.round(seconds * 10_000) / 10 : undefined;

/** An unhealthy gateway tells so with 503. */
async function page<Answer>(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return (await response.json()) as Answer;
  } catch (cause) {
    throw new UsageError(`No gateway tells its health at ${url}.`, { cause });
  }
}

export const health: Command = { summary: 'ask a gateway how it and its services are', help, run };
