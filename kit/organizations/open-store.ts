import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { ChangeBus } from './change-bus.ts';
import { localBus } from './change-bus.ts';
import type { OrganizationSettings } from './settings.ts';
import type { OrganizationStore } from './store.ts';

const shortestPepper = 32;

/**
 * Opens the store that the settings name. The drivers are loaded only when they are wanted.
 * @throws Error that names the variable to set, for a store that is nowhere or, in production, a pepper that is no secret
 */
export async function openStore({ place, peppers, production }: OrganizationSettings): Promise<OrganizationStore> {
  if (place === undefined)
    throw new Error('MONGODB_URI: is not set; a file under DATA_DIR stands in for MongoDB where that is set.');
  if (production) {
    requireSecret('API_KEY_SALT', peppers.current);
    requireSecret('API_KEY_SALT_PREVIOUS', peppers.previous);
  }
  if (place.kind === 'mongodb') return (await import('./mongo-store.ts')).openMongoStore(place);
  await mkdir(dirname(place.file), { recursive: true });
  return (await import('./embedded-store.ts')).openEmbeddedStore(place.file);
}

function requireSecret(variable: string, secret: string | undefined): void {
  if (secret === undefined) return;
  if (secret === developmentSecrets.API_KEY_SALT) throw new Error(`${variable}: is not set, or is the one of development.`);
  if (secret.length < shortestPepper) throw new Error(`${variable}: is shorter than ${shortestPepper} characters.`);
}

/** Changes go through Redis where there is one, else they stay in this process. */
export async function openBus({ redisUrl }: OrganizationSettings, onError: (error: unknown) => void): Promise<ChangeBus> {
  if (redisUrl === undefined) return localBus();
  return (await import('./redis-bus.ts')).redisBus({ url: redisUrl, onError });
}
