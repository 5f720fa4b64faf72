import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readNamedFile } from '#kit/secret-files.ts';
import { secretProblems } from '#kit/strong-secrets.ts';
import type { ChangeBus } from './change-bus.ts';
import { localBus } from './change-bus.ts';
import type { Peppers } from './keys.ts';
import type { OrganizationSettings } from './settings.ts';
import type { OrganizationStore } from './store.ts';

/**
 * Opens the store that the settings name. The drivers are loaded only when they are wanted.
 * @throws Error that names the variable to set, for a store that is nowhere or, in production, a pepper that is no secret
 */
export async function openStore({ place, peppers, production }: OrganizationSettings): Promise<OrganizationStore> {
  if (place === undefined)
    throw new Error('MONGODB_URI: is not set; a file under DATA_DIR stands in for MongoDB where that is set.');
  if (production) requireStrong(peppers);
  if (place.kind === 'mongodb') return (await import('./mongo-store.ts')).openMongoStore(place);
  await mkdir(dirname(place.file), { recursive: true });
  return (await import('./embedded-store.ts')).openEmbeddedStore(place.file);
}

function requireStrong({ current, previous }: Peppers): void {
  const given = { API_KEY_SALT: current, ...(previous !== undefined && { API_KEY_SALT_PREVIOUS: previous }) };
  const problems = secretProblems(
    given,
    Object.keys(given).map((name) => ({ name, needed: true })),
  );
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** Changes go through Redis where there is one, else they stay in this process. */
export async function openBus(
  { redisUrl, redisCaFile }: OrganizationSettings,
  onError: (error: unknown) => void,
): Promise<ChangeBus> {
  if (redisUrl === undefined) return localBus();
  return (await import('./redis-bus.ts')).redisBus({
    url: redisUrl,
    onError,
    ...(redisCaFile !== undefined && { ca: readNamedFile('REDIS_CA_FILE', redisCaFile) }),
  });
}
