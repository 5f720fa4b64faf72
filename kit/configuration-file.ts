import { z } from 'zod';
import { readNamedFile } from './secret-files.ts';
import type { Environment } from './upstream-settings.ts';

const word = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 };

/** A key that fills a variable as it stands. */
const fills = (variable: string) => word.transform((text) => [variable, text] as const);
/** One that fills it with a time such as `30s`, in seconds. */
const times = (variable: string) =>
  word
    .pipe(z.stringFormat('duration', /^\d+(ms|s|m)?$/, 'is a time such as 30s'))
    .transform((text) => [variable, String(Number.parseInt(text, 10) * (unitSeconds[text.replace(/\d+/, '')] ?? 1))] as const);
/** One whose only value is what the gateway does anyway. */
const only = <Value extends string | true>(value: Value) => z.literal(value).transform(() => undefined);

/** The keys that a file may have, as gateways of the service discovery have them (seed 002). */
const File = z
  .strictObject({
    server: z.strictObject({ host: fills('GATEWAY_HOST'), port: fills('GATEWAY_PORT'), workers: fills('WORKERS') }).partial(),
    logging: z.strictObject({ level: fills('LOG_LEVEL'), format: only('json') }).partial(),
    metrics: z.strictObject({ enabled: fills('METRICS_ENABLED'), path: fills('METRICS_PATH') }).partial(),
    rate_limiting: z.strictObject({ enabled: fills('RATE_LIMIT_ENABLED'), redis_url: fills('RATE_LIMIT_STORAGE_URL') }).partial(),
    service_discovery: z.strictObject({ consul_url: fills('CONSUL_URL'), datacenter: fills('CONSUL_DATACENTER') }).partial(),
    health_check: z
      .strictObject({
        enabled: only(true),
        path: fills('HEALTH_PATH'),
        interval: times('HEALTH_CHECK_INTERVAL'),
        timeout: times('HEALTH_CHECK_TIMEOUT'),
      })
      .partial(),
  })
  .partial();

/**
 * The variables that a YAML or JSON file of `server`, `logging`, `metrics`, `rate_limiting`, `service_discovery` and
 * `health_check` fills.
 * @throws Error with one line for each key that is unknown or cannot be read
 */
export async function readConfigurationFile(path: string): Promise<Environment> {
  const text = readNamedFile('CONFIG_PATH', path);
  // Few processes have such a file.
  const { parse } = await import('yaml');
  const file = File.safeParse(parsed(() => parse(text)) ?? {});
  if (!file.success) throw new Error(file.error.issues.map(said).join('\n'));
  const sections = Object.values(file.data).filter((section) => section !== undefined);
  return Object.fromEntries(sections.flatMap((section) => Object.values(section).filter((entry) => entry !== undefined)));
}

function parsed(read: () => unknown): unknown {
  try {
    return read();
  } catch (cause) {
    throw new Error(`CONFIG_PATH: is no YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
}

const said = (issue: z.core.$ZodIssue): string => {
  const place = (key?: string): string =>
    ['CONFIG_PATH', [...issue.path, ...(key === undefined ? [] : [key])].join('.')].join(': ');
  return issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => `${place(key)} is no key of this gateway`).join('\n')
    : `${place()}: ${issue.message}`;
};
