import type { RedisOptions } from 'ioredis';
import { Cluster, Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;

/** What the users of a Redis want differently; the client library's defaults hold for what is left out. */
export type RedisSettings = Pick<
  RedisOptions,
  | 'autoResendUnfulfilledCommands'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'enableAutoPipelining'
  | 'enableOfflineQueue'
  | 'keyPrefix'
  | 'maxRetriesPerRequest'
  | 'protocol'
  | 'sentinelPassword'
  | 'sentinelUsername'
  | 'socketTimeout'
>;

type Options = {
  /**
   * `redis://[user:password@]host[:6379][/database]`, `redis+sentinel://host1[:26379],host2/master-name[/database]` or
   * `redis+cluster://host1,host2`; with `rediss` in place of `redis` over TLS. Credentials are those of the data nodes.
   */
  readonly url: string;
  /** PEM certificates to trust in place of the system's; a certificate that does not hold is never accepted. */
  readonly ca?: string | undefined;
  readonly settings?: RedisSettings;
  /** Hears of every failed connection, without credentials; the client goes on trying. */
  readonly onError?: (error: Error) => void;
};

/** A client that connects by itself, and again whenever it must. @throws Error that does not repeat the URL when it cannot be read */
export function openRedis({ url, ca, settings = {}, onError }: Options): RedisClient {
  const address = readAddress(url);
  if (address === undefined) throw new Error(`This ${redisUrlRule}.`);
  const client = connect(address, { ...settings, ...(address.isTls && { tls: ca === undefined ? {} : { ca } }) });
  const failed = (error: Error): void => {
    withoutArguments(error);
    toleratesMore(client);
    onError?.(error);
  };
  client.on('error', failed);
  client.on('node error', failed);
  return client;
}

/**
 * The library listens for one error of a connection. Over TLS a second one may come, once a server has heard that its certificate
 * was refused, and what nobody listens for ends the process.
 */
function toleratesMore(client: RedisClient): void {
  for (const { stream } of client instanceof Cluster ? client.nodes('all') : [client]) {
    if (stream !== undefined && !stream.listeners('error').includes(nothing)) stream.on('error', nothing);
  }
}

const nothing = (): void => undefined;

/** Waits for the first connection, but no longer than so: a Redis that is away must not keep a process from starting. */
export async function whenReady(client: RedisClient, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return;
  await within(timeoutMs, new Promise<void>((resolve) => client.once('ready', () => resolve())));
}

/** Ends what runs, within a second. */
export async function closeRedis(client: RedisClient): Promise<void> {
  await within(
    1_000,
    client.quit().catch(() => undefined),
  );
  client.disconnect();
}

async function within(timeoutMs: number, event: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([event, late]);
  clearTimeout(timer);
}

export const redisUrlRule = 'is not redis(s)://host, redis+sentinel://host,host/master or redis+cluster://host,host';

export const isRedisUrl = (url: string): boolean => readAddress(url) !== undefined;

type Host = { readonly host: string; readonly port: number };

type Address = {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly isTls: boolean;
  readonly hosts: readonly [Host, ...Host[]];
  readonly master: string;
  readonly node: Pick<RedisOptions, 'db' | 'password' | 'username'>;
};

const shape =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<username>[^:@/]*):(?<password>[^@/]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?$/;

/** URL parsers know one host only, so lists of them are taken apart here. */
function readAddress(url: string): Address | undefined {
  const parts = shape.exec(url)?.groups;
  if (parts === undefined) return undefined;
  const kind = (parts['kind'] ?? 'single') as Address['kind'];
  const [host, ...others] = (parts['hosts'] ?? '').split(',').map((text) => readHost(text, kind === 'sentinel' ? 26_379 : 6_379));
  const segments = (parts['path'] ?? '').split('/').filter(Boolean);
  const master = kind === 'sentinel' ? (segments.shift() ?? '') : '';
  const [database = '0', ...rest] = segments;
  const hosts = others.filter((other) => other !== undefined);
  const fits = { single: hosts.length === 0, sentinel: master !== '', cluster: database === '0' }[kind];
  if (host === undefined || hosts.length < others.length || !fits || rest.length > 0 || !/^\d{1,4}$/.test(database))
    return undefined;
  const node = { ...credentials(parts), ...(database !== '0' && { db: Number(database) }) };
  return { kind, isTls: parts['tls'] === 's', hosts: [host, ...hosts], master, node };
}

function readHost(text: string, defaultPort: number): Host | undefined {
  const url = URL.parse(`redis://${text}`);
  if (url === null || url.hostname === '') return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) };
}

function credentials({ username, password }: Readonly<Record<string, string | undefined>>): Address['node'] {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

/** Milliseconds until a connection is tried again: a server that is back is found within a second, and not by all at one moment. */
const retryAfter = (times: number): number => Math.min(times * 50, 1_000) * (0.5 + Math.random() / 2);

type NodeSettings = RedisSettings & Pick<RedisOptions, 'tls'>;

function connect({ kind, hosts, master, node }: Address, settings: NodeSettings): RedisClient {
  const [first] = hosts;
  switch (kind) {
    case 'single':
      return new Redis({ ...settings, ...node, ...first, retryStrategy: retryAfter });
    case 'sentinel':
      return new Redis({ ...settings, ...node, ...sentinels(hosts, settings), name: master, retryStrategy: retryAfter });
    case 'cluster': {
      const cluster = new Cluster([...hosts], clusterOptions(node, settings));
      // What may not be sent twice fails with the connection of its node, so who has its slots is asked for again and again.
      if (settings.autoResendUnfulfilledCommands === false) asksForSlots(cluster);
      return cluster;
    }
  }
}

const slotsMs = 1_000;

/** The library's own interval begins anew where a client is closed while it asks, and keeps the process alive for ever. */
function asksForSlots(cluster: Cluster): void {
  const timer = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  }, slotsMs).unref();
  cluster.once('end', () => clearInterval(timer));
}

const sentinels = (hosts: readonly Host[], { tls }: NodeSettings) => ({
  sentinels: hosts.map((host) => ({ ...host })),
  ...(tls !== undefined && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
});

function clusterOptions(node: Address['node'], { enableOfflineQueue, enableAutoPipelining, ...settings }: NodeSettings) {
  return {
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
    ...(enableAutoPipelining !== undefined && { enableAutoPipelining }),
    clusterRetryStrategy: retryAfter,
    redisOptions: { ...settings, ...node },
    ...(settings.autoResendUnfulfilledCommands === false && { retryDelayOnFailover: 0 }),
    // Certificates name hosts, so they must not be looked up before the handshake.
    ...(settings.tls !== undefined && { dnsLookup: asTheyAre }),
  };
}

const asTheyAre = (host: string, found: (error: null, address: string) => void): void => found(null, host);

/** The library puts a failed command's arguments into its error, and those of the handshake hold the password. */
function withoutArguments(error: Error): void {
  if ('command' in error) error.command = undefined;
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) withoutArguments(error.lastNodeError);
}
