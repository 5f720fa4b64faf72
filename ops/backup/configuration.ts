import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { withSecretFiles } from '#kit/secret-files.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import type { Archive } from './archive.ts';
import { toEnvFile } from './env-file.ts';
import type { Part } from './write-archive.ts';

const part = 'configuration.json';

const fileName = z.string().regex(/^\w[\w.-]*$/);
const Kept = z.object({
  variables: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
  files: z.array(z.object({ variable: z.string().nullable(), part: fileName, name: fileName, inFolder: z.boolean() })),
  /** Secrets that were set and are not here, because the archive is not encrypted. */
  leftOut: z.array(z.string()),
});
type Kept = z.infer<typeof Kept>;

type Options = {
  /** As a process reads it, after `readEnvironment`. */
  readonly environment: Environment;
  /** Variables of the gateway. */
  readonly names: readonly string[];
  readonly withSecrets: boolean;
  /** The supergraph that comes along, kept beside for whoever compares. */
  readonly supergraph: string;
};

/** What the gateway goes by: its variables and the files that they name. Secrets only where the archive is encrypted. */
export async function* configurationParts(options: Options): AsyncGenerator<Part> {
  const variables = variablesOf(options);
  const leftOut = Object.keys(variables).filter((name) => !options.withSecrets && isSecret(name, variables[name] ?? ''));
  const told = Object.fromEntries(Object.entries(variables).filter(([name]) => !leftOut.includes(name)));
  const files = [{ variable: null, path: options.supergraph, inFolder: false }, ...(await filesOf(told))];
  const named = files.map(({ variable, path, inFolder }, index) => ({
    variable,
    part: `file-${index}`,
    name: basename(path)
      .replaceAll(/[^\w.-]/g, '_')
      .replace(/^\W+/, '_'),
    inFolder,
  }));
  const kept: Kept = { variables: told, files: named, leftOut };
  yield { name: part, content: contentOf(JSON.stringify(kept, null, 2)) };
  for (const [index, { path }] of files.entries()) yield { name: `file-${index}`, content: fileContent(path) };
}

/**
 * Writes `gateway.env` and the files beside it into a folder, never over what is there; start with `--env-file`.
 * @returns number of files, and what must be set besides
 */
export async function restoreConfiguration(archive: Archive, folder: string) {
  const { variables, files, leftOut } = Kept.parse(await archive.json(part));
  const paths: Record<string, string> = {};
  for (const { variable, part: from, name, inFolder } of files) {
    const place = join(folder, variable ?? 'built-in');
    await mkdir(place, { recursive: true, mode: 0o700 });
    await writeFile(join(place, name), archive.content(from), { flag: 'wx', mode: 0o600 });
    if (variable !== null) paths[variable] = inFolder ? place : join(place, name);
  }
  await writeFile(join(folder, 'gateway.env'), toEnvFile({ ...variables, ...paths }, leftOut), { flag: 'wx', mode: 0o600 });
  return { files: files.length, leftOut };
}

function variablesOf({ environment, names }: Options): Readonly<Record<string, string>> {
  const wanted = new Set(names);
  const given = withSecretFiles(environment, names);
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value && (wanted.has(name) || /^[A-Z0-9_]+_SUBGRAPH_URL$/.test(name)) ? [[name, value]] : [],
    ),
  );
}

/** A file of upstreams may hold tokens, a URL a password. */
const isSecret = (name: string, value: string): boolean =>
  /SECRET|TOKEN(?!S)|PASSWORD|SALT|DSN|_KEY$|^SERVICES_PATH$/.test(name) || /:\/\/[^/\s]*@/.test(value);

const namesFile = (name: string): boolean => /_PATH$|_CA_FILE$|^SUBGRAPH_LIST$/.test(name) && name !== 'VAULT_PATH';

async function filesOf(variables: Readonly<Record<string, string>>) {
  const found = Object.entries(variables).filter(([name]) => namesFile(name));
  const files = await Promise.all(
    found.map(async ([variable, path]) => {
      const inFolder = (await stat(path).catch(absent(variable))).isDirectory();
      const names = inFolder ? (await readdir(path)).filter((name) => /^\w[\w.-]*$/.test(name)) : [''];
      return names.map((name) => ({ variable, path: join(path, name), inFolder }));
    }),
  );
  return files.flat();
}

const absent = (variable: string) => (cause: NodeJS.ErrnoException) => {
  throw new Error(`${variable}: the file cannot be read (${cause.code})`, { cause });
};

async function* contentOf(text: string): AsyncGenerator<string> {
  yield text;
}

async function* fileContent(path: string): AsyncGenerator<Uint8Array> {
  yield await readFile(path);
}
