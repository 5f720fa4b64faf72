import { join } from 'node:path';
import { z } from 'zod';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { isRedisUrl, redisUrlRule } from '#kit/redis.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import type { Peppers } from './keys.ts';

/** Where organizations are kept. */
type StorePlace =
  | { readonly kind: 'mongodb'; readonly uri: string; readonly database?: string }
  | { readonly kind: 'embedded'; readonly file: string };

export type OrganizationSettings = {
  /** Absent where nothing is configured and no file may stand in. */
  readonly place?: StorePlace;
  readonly peppers: Peppers;
  /** Whether secrets that everybody can read are refused. */
  readonly production: boolean;
  /** The organization that is the laboratory itself, whose keys see all data. */
  readonly laboratory: string;
  /** Redis that tells changes to all gateways. */
  readonly redisUrl?: string;
  readonly redisCaFile?: string;
};

/** Where organizations and their keys are kept. */
const Variables = z.object({
  /** In production secrets that everybody can read are refused. */
  ENVIRONMENT: z.string().default('development'),
  /** Organizations live in MongoDB; credentials and options stand in the URI. */
  MONGODB_URI: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, 'begins with mongodb:// or mongodb+srv://')
    .exactOptional(),
  /** Database, in place of the URI's; `lab_gateway` where neither names one. */
  MONGODB_DATABASE: z.string().exactOptional(),
  /** Folder of the embedded store that is used without MONGODB_URI; `.data` in development and test. */
  DATA_DIR: z.string().exactOptional(),
  /** Pepper of the API keys' hashes; the one before stays good while it is set. At least 32 characters in production. */
  API_KEY_SALT: z.string().default(developmentSecrets.API_KEY_SALT),
  API_KEY_SALT_PREVIOUS: z.string().exactOptional(),
  /** Organization of the laboratory's own people and keys. */
  DEFAULT_ORGANIZATION: z.string().default('lab'),
  /** Redis; changes of organizations are published there. */
  REDIS_URL: z.string().refine(isRedisUrl, redisUrlRule).exactOptional(),
  /** File with PEM certificates to trust for `rediss`, in place of the system's. */
  REDIS_CA_FILE: z.string().exactOptional(),
});

export const organizationVariables: readonly string[] = Object.keys(Variables.shape);

/**
 * Reads the variables of organizations and their keys. It stands in kit/ because a gateway and the command line read the
 * same ones. Empty counts as absent.
 * @throws Error with one line for each variable that cannot be read
 */
export function readOrganizationSettings(environment: Environment): OrganizationSettings {
  const given = Object.entries(environment).filter(([, value]) => value !== '' && value !== undefined);
  const parsed = Variables.safeParse(Object.fromEntries(given));
  if (!parsed.success)
    throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const variables = parsed.data;
  const place = placeOf(variables);
  return Object.freeze({
    ...(place && { place }),
    peppers: {
      current: variables.API_KEY_SALT,
      ...(variables.API_KEY_SALT_PREVIOUS !== undefined && { previous: variables.API_KEY_SALT_PREVIOUS }),
    },
    production: variables.ENVIRONMENT === 'production',
    laboratory: variables.DEFAULT_ORGANIZATION,
    ...(variables.REDIS_URL !== undefined && { redisUrl: variables.REDIS_URL }),
    ...(variables.REDIS_CA_FILE !== undefined && { redisCaFile: variables.REDIS_CA_FILE }),
  });
}

function placeOf(variables: z.infer<typeof Variables>): StorePlace | undefined {
  const { MONGODB_URI: uri, MONGODB_DATABASE: database, DATA_DIR, ENVIRONMENT } = variables;
  if (uri !== undefined) return { kind: 'mongodb', uri, ...(database !== undefined && { database }) };
  const folder = DATA_DIR ?? (['development', 'test'].includes(ENVIRONMENT) ? '.data' : undefined);
  return folder === undefined ? undefined : { kind: 'embedded', file: join(folder, 'organizations.sqlite') };
}
