import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readNamedText } from '#kit/secret-files.ts';
import { introspect } from './introspect.ts';
import type { SupergraphSource } from './supergraph-source.ts';
import { fixedSource, polledSource } from './supergraph-source.ts';

type Options = {
  readonly path: string | undefined;
  readonly list: string | undefined;
  readonly pollMs: number;
  readonly listPollMs: number;
  /** What subgraphs of our own know their gateway by. */
  readonly secret: string;
};

/** The supergraph that the configuration names: a file, a list of live subgraphs, or the built-in one. */
export async function openSource({ path, list, pollMs, listPollMs, secret }: Options): Promise<SupergraphSource> {
  if (path !== undefined && list !== undefined)
    throw new Error('SUPERGRAPH_PATH and SUBGRAPH_LIST name two supergraphs; set one of them.');
  if (path !== undefined) return polledSource({ everyMs: pollMs, read: () => readNamedText('SUPERGRAPH_PATH', path) });
  if (list !== undefined) return polledSource({ everyMs: listPollMs, read: () => composeLive(list, secret) });
  return fixedSource(await readFile(new URL(import.meta.resolve('#schema/supergraph.graphql')), 'utf8'));
}

const SubgraphList = z.array(z.strictObject({ name: z.string().min(1), url: z.url({ protocol: /^https?$/ }) })).min(1);

/** The subgraphs that a file lists. @throws Error that names SUBGRAPH_LIST and the place in the file */
export async function readSubgraphList(file: string): Promise<z.infer<typeof SubgraphList>> {
  const parsed = SubgraphList.safeParse(jsonOf(await readNamedText('SUBGRAPH_LIST', file)));
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `SUBGRAPH_LIST: ${path.join('.')}: ${message}`).join('\n'));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('SUBGRAPH_LIST: the file is not JSON', { cause });
  }
}

async function composeLive(file: string, secret: string): Promise<string> {
  const subgraphs = await readSubgraphList(file);
  // Composition is heavy to load and most processes never need it.
  const { compose } = await import('#schema/compose.ts');
  return compose(await Promise.all(subgraphs.map((subgraph) => introspect(subgraph, secret)))).supergraph;
}
