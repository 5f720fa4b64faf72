import { parseArgs } from 'node:util';
import { systemClock } from '#kit/clock.ts';
import type { Subgraph } from '#kit/define-subgraph.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { readEnvironment } from '#kit/environment.ts';
import { openIdempotency } from '#kit/open-idempotency.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { openBus, openStore } from '#kit/organizations/open-store.ts';
import { organizationVariables, readOrganizationSettings } from '#kit/organizations/settings.ts';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { isSubgraphName, subgraphNames } from '#kit/service-names.ts';
import { secretProblems, wantsStrongSecrets } from '#kit/strong-secrets.ts';
import { readUploadBounds } from '#kit/upload-bounds.ts';
import type { Environment, ReachableSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings, upstreamVariables, urlVariable } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import { keepYoung } from '#kit/young-objects.ts';
import { subgraphs } from './registry.ts';
import { serve } from './serve.ts';

const help = `Serves one subgraph over HTTP, for a gateway elsewhere.

  npm run subgraph samples -- --port 4001

  --host  address to listen on (127.0.0.1)
  --port  port to listen on (4001); 0 takes any free one
  --json  print {"name", "url"} instead of a sentence

The services behind it are named by the same variables as in the gateway, for example SAMPLE_SERVICE_URL; storage, sequencing and
rag call the samples service as well; organizations needs the store that the gateway has, by MONGODB_URI or DATA_DIR, and its
API_KEY_SALT. SUBGRAPH_SECRET must be that of the gateway, the only caller that is answered, and REDIS_URL
(with REDIS_CA_FILE) that of every process which serves this subgraph, so that an idempotency key counts for all of them.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '4001' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) return say(help, 0);
  const [name] = positionals;
  if (!isSubgraphName(name)) return say(`Which subgraph? Known are ${subgraphNames.join(', ')}.\n\n${help}`, 2);
  keepYoung();
  const environment = await readEnvironment(process.env, [...upstreamVariables, ...organizationVariables]);
  const weak = secretProblems(environment, [{ name: 'SUBGRAPH_SECRET', needed: true }]);
  if (wantsStrongSecrets(environment['ENVIRONMENT']) && weak.length > 0) return say(weak.join('\n'), 1);
  const subgraph = await subgraphs[name]();
  const settings = new Map<ServiceName, ReachableSettings>();
  const missing: ServiceName[] = [];
  for (const service of subgraph.needs) {
    const { url, ...given } = readUpstreamSettings(service, environment);
    if (url === undefined) missing.push(service);
    else settings.set(service, { ...given, url });
  }
  if (missing.length > 0)
    return say(
      `Not set: ${missing.map(urlVariable).join(', ')}. Start stand-ins with: npm run sandbox -- ${missing.join(' ')}`,
      2,
    );
  const url = environment['REDIS_URL'] || undefined;
  if (url !== undefined && !isRedisUrl(url)) return say(`REDIS_URL: ${redisUrlRule}`, 2);
  const onUnexpectedError = (error: unknown): void => console.error(error);
  const secret = environment['SUBGRAPH_SECRET'] ?? developmentSecrets.SUBGRAPH_SECRET;
  await using keys = await openIdempotency({
    url,
    caFile: environment['REDIS_CA_FILE'] || undefined,
    onError: ({ message }) => console.error(`Redis is away: ${message}`),
  });
  const parts = { clock: systemClock, idempotency: keys.idempotency, onUnexpectedError };
  await using upstreams = await openUpstreams(settings, parts);
  await using organizations = await openOrganizations(subgraph, environment);
  const running = subgraph.open({ ...parts, upstreams, organizations });
  const uploads = readUploadBounds(environment);
  const options = { host: values.host, port: Number(values.port), secret, uploads, onUnexpectedError };
  await using served = await serve(running, options);
  say(values.json ? JSON.stringify({ name, url: served.url }) : `The ${name} subgraph listens on ${served.url}`, 0);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  return 0;
}

type Organizations = OrganizationParts & AsyncDisposable;

/** For a subgraph that needs it: the store that the gateway has as well, and the way to tell all gateways what changed. */
async function openOrganizations({ needsOrganizations }: Subgraph, environment: Environment): Promise<Organizations | undefined> {
  if (!needsOrganizations) return undefined;
  await using opening = new AsyncDisposableStack();
  const settings = readOrganizationSettings(environment);
  const store = opening.use(await openStore(settings));
  const bus = opening.use(await openBus(settings, (error) => console.error(error)));
  const opened = opening.move();
  return { store, bus, hasher: keyHasher(settings.peppers), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function say(text: string, code: number): number {
  (code === 0 ? console.log : console.error)(text);
  return code;
}

process.exitCode = await main().catch((error: Error) => say(error.message, 1));
