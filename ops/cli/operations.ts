import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Kind, parse } from 'graphql';
import { z } from 'zod';
import { UsageError } from './command.ts';

/** One operation of a text that may hold several. */
export type Operation = {
  /** The operation's own name, else that of its file. */
  readonly name: string;
  readonly query: string;
  /** Names it in the text; absent where it has no name. */
  readonly operationName?: string;
};

/** The manifest that Apollo's tools write; what else stands in it is of no interest here. */
const Manifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  operations: z.array(z.object({ name: z.string(), body: z.string() })),
});

/** The operations of one GraphQL file. A text that cannot be parsed is one operation, which the gateway will refuse. */
export const operationsOfFile = async (file: string): Promise<readonly Operation[]> => operationsIn(await read(file), file);

/** The operations of all `.graphql` and `.gql` files below a folder, or of a manifest. @throws UsageError */
export async function operationsOfManifest(place: string): Promise<readonly Operation[]> {
  if (await isFolder(place)) return operationsBelow(place);
  const parsed = Manifest.safeParse(readJson(await read(place)));
  if (!parsed.success) throw new UsageError(`${place} is neither a folder nor a manifest of persisted queries.`);
  return parsed.data.operations.map(({ name, body }) => ({ name, query: body, operationName: name }));
}

async function operationsBelow(folder: string): Promise<readonly Operation[]> {
  const files: string[] = [];
  for await (const file of glob('**/*.{graphql,gql}', { cwd: folder })) files.push(file);
  const found = await Promise.all(files.toSorted().map(async (file) => operationsIn(await read(join(folder, file)), file)));
  if (found.length === 0) throw new UsageError(`There is no .graphql or .gql file below ${folder}.`);
  return found.flat();
}

function operationsIn(query: string, file: string): readonly Operation[] {
  try {
    // Files of fragments alone have none.
    return parse(query).definitions.flatMap((node) => {
      if (node.kind !== Kind.OPERATION_DEFINITION) return [];
      return node.name === undefined ? { name: file, query } : { name: node.name.value, query, operationName: node.name.value };
    });
  } catch {
    return [{ name: file, query }];
  }
}

async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch (cause) {
    throw new UsageError(`${place} cannot be read.`, { cause });
  }
}

export async function read(file: string | URL): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read.`, { cause });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
