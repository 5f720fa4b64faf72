import { readFile } from 'node:fs/promises';
import { z } from 'zod';
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
  if (path !== undefined) return polledSource({ everyMs: pollMs, read: () => readFile(path, 'utf8') });
  if (list !== undefined) return polledSource({ everyMs: listPollMs, read: () => composeLive(list, secret) });
  return fixedSource(await readFile(new URL(import.meta.resolve('#schema/supergraph.graphql')), 'utf8'));
}

const SubgraphList = z.array(z.strictObject({ name: z.string().min(1), url: z.url({ protocol: /^https?$/ }) })).min(1);

async function composeLive(file: string, secret: string): Promise<string> {
  const subgraphs = SubgraphList.parse(JSON.parse(await readFile(file, 'utf8')));
  // Composition is heavy to load and most processes never need it.
  const { compose } = await import('#schema/compose.ts');
  return compose(await Promise.all(subgraphs.map((subgraph) => introspect(subgraph, secret)))).supergraph;
}
