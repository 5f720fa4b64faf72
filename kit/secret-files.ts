import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Environment } from './upstream-settings.ts';

/**
 * The value of a variable: the content of the file that `<name>_FILE` names, else the variable itself. Empty counts as
 * absent; one newline at the end of a file is no part of the secret.
 * @throws Error that names `<name>_FILE` when the file cannot be read or holds nothing
 */
export function readVariable(environment: Environment, name: string): string | undefined {
  const file = environment[`${name}_FILE`];
  return file ? readSecret(`${name}_FILE`, file) : environment[name] || undefined;
}

/** The environment with the given variables taken from their files, where files are named. */
export function withSecretFiles(environment: Environment, names: Iterable<string>): Environment {
  const named = [...names].filter((name) => environment[`${name}_FILE`]);
  return { ...environment, ...Object.fromEntries(named.map((name) => [name, readVariable(environment, name)])) };
}

function readSecret(variable: string, file: string): string {
  const secret = readNamedFile(variable, file).replace(/\r?\n$/, '');
  if (secret === '') throw new Error(`${variable}: the file is empty`);
  return secret;
}

/** @throws Error that names the variable which names the file */
export function readNamedFile(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(variable, cause);
  }
}

/** The certificates that Redis is trusted by, where a file of them is named. @throws Error that names the variable */
export const readRedisCa = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readNamedFile('REDIS_CA_FILE', file);

/** As `readNamedFile`, for what is read again while requests are served. */
export const readNamedText = (variable: string, file: string | URL): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(variable, cause);
  });

function unreadable(variable: string, cause: unknown): Error {
  const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
  return new Error(`${variable}: the file cannot be read (${code})`, { cause });
}
