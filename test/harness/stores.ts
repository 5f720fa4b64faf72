import type { TestProject } from 'vitest/node';
import type { Found } from './find-store.ts';
import { findMongo, findRedis } from './find-store.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a real Redis, or undefined where none was found. */
    redisUrl: string | undefined;
    /** URI of a server that speaks MongoDB's protocol, or undefined where none was found. */
    mongoUri: string | undefined;
  }
}

/** Finds the real servers that tests need before the first test, and stops what it started after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [redis, mongo] = await Promise.all([findRedis(), findMongo()]);
  project.provide('redisUrl', redis.url);
  project.provide('mongoUri', mongo.url);
  for (const { store, how } of [redis, mongo]) console.log(`${store}: ${how}`);
  refuseGapsInCi([redis, mongo]);
  return async () => {
    await Promise.all([redis.stop(), mongo.stop()]);
  };
}

function refuseGapsInCi(found: readonly Found[]): void {
  const missing = found.filter(({ url }) => url === undefined);
  if (missing.length === 0 || process.env['CI'] !== 'true') return;
  throw new Error(missing.map(({ store, how }) => `${store} is needed with CI=true: ${how}`).join('\n'));
}
