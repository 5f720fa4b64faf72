import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { readEnvironment } from '#kit/environment.ts';
import { polledText } from '#kit/polled-text.ts';
import { readNamedFile } from '#kit/secret-files.ts';
import type { ServiceName } from '#kit/service-names.ts';
import type { Environment, ReachableSettings } from '#kit/upstream-settings.ts';
import { caVariable, upstreamVariables, urlVariable } from '#kit/upstream-settings.ts';
import type { OnServices, ReachableServices } from '#kit/upstreams.ts';
import type { Config } from './config.ts';
import { readConfig, variableNames } from './config.ts';

/** Variables whose files take effect with the next start only; the account that names people is read once. */
export const settledNames: readonly string[] = variableNames.filter(
  (name) => !upstreamVariables.includes(name) || /_ACCOUNT_(EMAIL|PASSWORD)$/.test(name),
);

type Outcome = { readonly ok: true; readonly changed: readonly ServiceName[] } | { readonly ok: false; readonly error: unknown };

type Parts = {
  /** Services that subgraphs of this process call. */
  readonly needed: readonly ServiceName[];
  readonly config: Config;
  /** What the configuration was read from, and is read from again. */
  readonly environment: Environment;
  /** Sandboxes in place of those without a URL; they hold until the process ends. */
  readonly standIns: ReadonlyMap<ServiceName, Partial<ReachableSettings> & { readonly url: string }>;
  /** Hears of every attempt to reach some in another way. */
  readonly onReload: (outcome: Outcome) => void;
};

/** How the laboratory's services are reached, which follows their files while the process runs. */
export type Services = AsyncDisposable & {
  /** As it was at the start. */
  readonly settings: ReachableServices;
  readonly onServices: OnServices;
  /** Reads the configuration again; rejects when it cannot be used, and everything goes on as before. */
  readonly reload: () => Promise<void>;
};

/** @throws Error with one line for each service without a URL, and each file of certificates that holds none */
export async function openServices({ needed, config, environment, standIns, onReload }: Parts): Promise<Services> {
  const settings = reach(needed, config, standIns);
  let prints = printsOf(settings);
  let reading = Promise.resolve();
  const listeners: Parameters<OnServices>[0][] = [];
  const take = async (): Promise<void> => {
    const found = reach(needed, readConfig(await readEnvironment(environment, variableNames)), standIns);
    const before = prints;
    prints = printsOf(found);
    const changed = new Map([...found].filter(([name]) => prints.get(name) !== before.get(name)));
    if (changed.size === 0) return;
    for (const listener of listeners) listener(changed);
    onReload({ ok: true, changed: [...changed.keys()] });
  };
  const reload = async (): Promise<void> => {
    const taken = reading.then(take).catch((error: unknown) => {
      onReload({ ok: false, error });
      throw error;
    });
    reading = taken.catch(() => undefined);
    return taken;
  };
  const watched = await polledText({ everyMs: config.servicesPollMs, read: () => fingerprint(filesOf(environment)) });
  watched.watch({
    // Whatever became of it was told.
    onChange: () => void reload().catch(() => undefined),
    onFailure: (error) => onReload({ ok: false, error }),
  });
  return {
    settings,
    onServices: (listener) => void listeners.push(listener),
    reload,
    async [Symbol.asyncDispose]() {
      await watched[Symbol.asyncDispose]();
      await reading;
    },
  };
}

/** Those that have no URL. */
export const withoutUrl = (names: readonly ServiceName[], { upstreams }: Pick<Config, 'upstreams'>): readonly ServiceName[] =>
  names.filter((name) => upstreams[name].url === undefined);

/** @throws Error that names the variables, where there are any */
export function refuseMissing(missing: readonly ServiceName[]): void {
  if (missing.length > 0)
    throw new Error(`${missing.map(urlVariable).join(', ')}: no URL is set; only ENVIRONMENT=development starts a sandbox.`);
}

function reach(needed: readonly ServiceName[], config: Config, standIns: Parts['standIns']): ReachableServices {
  const { upstreams } = config;
  refuseMissing(withoutUrl(needed, config).filter((name) => !standIns.has(name)));
  return new Map(
    needed.map((name) => {
      const { url, ...given } = upstreams[name];
      return [name, url === undefined ? { ...given, url: '', ...standIns.get(name) } : { ...given, url }] as const;
    }),
  );
}

/** What tells whether a service is still reached in the same way: its settings, and the certificates in its file. */
const printsOf = (services: ReachableServices): ReadonlyMap<ServiceName, string> =>
  new Map([...services].map(([name, given]) => [name, JSON.stringify([given, certificatesOf(name, given)])] as const));

function certificatesOf(service: ServiceName, { caFile }: ReachableSettings): string | undefined {
  if (caFile === undefined) return undefined;
  const variable = caVariable(service);
  const text = readNamedFile(variable, caFile);
  try {
    new X509Certificate(text);
  } catch (cause) {
    throw new Error(`${variable}: holds no certificate in PEM`, { cause });
  }
  return text;
}

/** Every file that a variable names, since the services file may want any of them for its placeholders. */
const filesOf = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, file]) =>
    /(_FILE|^SERVICES_PATH|^CONFIG_PATH)$/.test(name) && file ? [file] : [],
  );

/** One that is gone counts as changed, and says so when it is read. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const prints = files.map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found && `${found.ino}:${found.size}:${found.mtimeNs}`;
  });
  return (await Promise.all(prints)).join();
}
