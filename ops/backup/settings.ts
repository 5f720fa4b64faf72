import { z } from 'zod';
import { secretProblems, wantsStrongSecrets } from '#kit/strong-secrets.ts';
import type { Environment } from '#kit/upstream-settings.ts';

const Variables = z.object({
  ENVIRONMENT: z.string().default('development'),
  /** Folder of the archives, or `s3://bucket/prefix`. */
  BACKUP_DESTINATION: z.string().default('.data/backups'),
  /** Secret that encrypts archives; at least 32 random characters in production, where there is no archive without one. */
  BACKUP_KEY: z.string().exactOptional(),
  /** Days after which `prune` takes an archive away. */
  BACKUP_RETENTION_DAYS: z.coerce.number().int().positive().default(30),
  /** Address of the bucket's server; that of AWS unless set. */
  BACKUP_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).exactOptional(),
  BACKUP_S3_REGION: z.string().default('us-east-1'),
  AWS_ACCESS_KEY_ID: z.string().exactOptional(),
  AWS_SECRET_ACCESS_KEY: z.string().exactOptional(),
  AWS_SESSION_TOKEN: z.string().exactOptional(),
});
type Variables = z.infer<typeof Variables>;

export const backupVariables: readonly string[] = Object.keys(Variables.shape);

export type S3Settings = {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Between two tries, longer with each. */
  readonly retryPauseMs?: number;
};

export type Destination =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 's3'; readonly place: string; readonly prefix: string; readonly s3: S3Settings };

export type BackupSettings = {
  readonly destination: Destination;
  readonly secret: string | undefined;
  readonly retentionDays: number;
  /** Whether an archive that anybody can read is refused. */
  readonly mustEncrypt: boolean;
};

/** @throws Error with one line for each variable that cannot be read */
export function readBackupSettings(environment: Environment): BackupSettings {
  const given = Object.entries(environment).filter(([, value]) => value !== '' && value !== undefined);
  const { data, error } = Variables.safeParse(Object.fromEntries(given));
  if (data === undefined) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const mustEncrypt = wantsStrongSecrets(data.ENVIRONMENT);
  const problems = mustEncrypt ? secretProblems(environment, [{ name: 'BACKUP_KEY', needed: false }]) : [];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return {
    destination: destinationOf(data),
    secret: data.BACKUP_KEY,
    retentionDays: data.BACKUP_RETENTION_DAYS,
    mustEncrypt,
  };
}

function destinationOf(variables: Variables): Destination {
  const { BACKUP_DESTINATION: place, BACKUP_S3_REGION: region } = variables;
  if (!place.includes('://')) return { kind: 'folder', path: place };
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/.exec(place) ?? [];
  if (bucket === undefined) throw new Error('BACKUP_DESTINATION: is neither a folder nor s3://bucket/prefix');
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = variables;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: are not set, and the bucket wants them');
  const endpoint = (variables.BACKUP_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, '');
  const prefix = path.replace(/\/*$/, path === '' ? '' : '/');
  const s3 = { endpoint, bucket, region, accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  return { kind: 's3', place, prefix, s3 };
}
