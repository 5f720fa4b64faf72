import type { ServiceName } from '#kit/service-names.ts';
import type { Config } from './config.ts';

/** Stand-ins of services that have no URL, in development only. */
export async function startStandIns(names: readonly ServiceName[], config: Config, running: AsyncDisposableStack) {
  const { developmentSettings } = await import('#ops/sandbox/settings.ts');
  const urls = await sandboxUrls(names, config, running);
  return new Map([...urls].map(([name, url]) => [name, { ...developmentSettings(name), url }] as const));
}

/** Where the sandbox's services are: those that run already, else new ones. */
export async function sandboxUrls(names: readonly ServiceName[], { lifecycle }: Config, running: AsyncDisposableStack) {
  const { sandboxUrls: given = {} } = lifecycle;
  const missing = names.filter((name) => given[name] === undefined);
  const known = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]));
  if (missing.length === 0) return new Map(known);
  const { startSandbox } = await import('#ops/sandbox/sandbox.ts');
  const { urls } = running.use(await startSandbox({ services: missing }));
  return new Map([...known, ...urls]);
}

/** Organizations of the sandbox, with their keys. */
export async function sandboxOrganizations({ environment, supergraph }: Config) {
  if (environment !== 'development' || supergraph.foreign) return [];
  return (await import('#ops/sandbox/organizations.ts')).developmentOrganizations;
}
