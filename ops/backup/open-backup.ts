import { existsSync, readFileSync } from 'node:fs';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { folderShelf } from './folder-shelf.ts';
import type { Destination } from './settings.ts';
import type { Shelf } from './shelf.ts';
import type { BackedUp } from './store.ts';

/** The place of the archives. */
export async function openShelf(destination: Destination): Promise<Shelf> {
  if (destination.kind === 'folder') return folderShelf(destination.path);
  const [{ s3Client }, { s3Shelf }] = await Promise.all([import('./s3-client.ts'), import('./s3-shelf.ts')]);
  return s3Shelf({ client: await s3Client(destination.s3), prefix: destination.prefix, place: destination.place });
}

type OpenStores = AsyncDisposable & { readonly stores: readonly BackedUp[] };

/** Everything that the environment says the gateway keeps. @throws Error for a Redis that cannot be reached */
export async function openStores(environment: Environment): Promise<OpenStores> {
  await using opening = new AsyncDisposableStack();
  const stores: BackedUp[] = [];
  const add = (store: BackedUp): void => void stores.push(opening.use(store));
  const { place } = readOrganizationSettings(environment);
  if (place?.kind === 'mongodb') add((await import('./mongo.ts')).mongoBackup(place));
  if (place?.kind === 'embedded') add((await import('./embedded.ts')).embeddedBackup(place));
  for (const redis of redisPlaces(environment)) add(await (await import('./redis.ts')).redisBackup(redis));
  const opened = opening.move();
  return { stores, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The limits may have a Redis of their own. The cache is left out: it fills itself. */
function redisPlaces(environment: Environment) {
  const { REDIS_URL: url, REDIS_CA_FILE: caFile, RATE_LIMIT_STORAGE: storage, USAGE_STREAM: stream } = environment;
  const limitsUrl = storage === 'memory' ? undefined : environment['RATE_LIMIT_STORAGE_URL'] || url;
  const ca = caFile && existsSync(caFile) ? readFileSync(caFile, 'utf8') : undefined;
  const limits = ['rl:*'];
  const shared = ['idempotency:*', 'edge:blocks', ...(stream ? [literal(stream)] : [])];
  if (url === limitsUrl) return url ? [{ name: 'redis', url, ca, patterns: [...limits, ...shared] }] : [];
  return [
    ...(url ? [{ name: 'redis', url, ca, patterns: shared }] : []),
    ...(limitsUrl ? [{ name: 'limits', url: limitsUrl, ca, patterns: limits }] : []),
  ];
}

/** A name in which nothing is a pattern. */
const literal = (name: string): string => name.replaceAll(/[*?[\]\\]/g, '\\$&');
