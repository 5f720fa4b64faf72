import { assemble } from './assemble.ts';
import type { GraphClient } from './client.ts';
import type { Direction, Name } from './cypher.ts';
import { lineage, maxRows } from './cypher.ts';
import type { Subgraph } from './parts.ts';
import { toVertex } from './parts.ts';
import { LineageKeyRows, LineageRows } from './rows.ts';

type LineageDirection = 'UPSTREAM' | 'DOWNSTREAM' | 'BOTH';

export type LineageArguments = {
  readonly direction: LineageDirection;
  readonly maxDepth: number;
  /** Most vertices for one sample. */
  readonly limit: number;
  /** False when nothing but what names vertices is asked for. */
  readonly whole: boolean;
};

/** Where the laboratory keeps the making of its samples; known here, so that no schema need be read for it. */
export const lab = {
  graph: 'lab',
  frame: { name: 'Sample' as Name, key: 'key' as Name },
  edge: 'DERIVED_FROM' as Name,
};

/** An edge leads from a sample to the one it was made from. */
const ways: Readonly<Record<LineageDirection, readonly Exclude<Direction, 'BOTH'>[]>> = {
  UPSTREAM: ['OUT'],
  DOWNSTREAM: ['IN'],
  BOTH: ['OUT', 'IN'],
};

/** The lineages of many samples in as few statements as their limits allow; a sample that the graph does not know is left out. */
export async function lineages(
  sampleIds: readonly string[],
  wanted: LineageArguments,
  client: GraphClient,
): Promise<ReadonlyMap<string, Subgraph>> {
  const perStatement = Math.max(1, Math.floor(maxRows / (wanted.limit + 1)));
  const chunks = Array.from({ length: Math.ceil(sampleIds.length / perStatement) }, (_, index) =>
    sampleIds.slice(index * perStatement, (index + 1) * perStatement),
  );
  const answers = await Promise.all(chunks.map((chunk) => lineagesOfChunk(chunk, wanted, client)));
  return new Map(answers.flat());
}

async function lineagesOfChunk(
  sampleIds: readonly string[],
  { direction, maxDepth, limit, whole }: LineageArguments,
  client: GraphClient,
): Promise<readonly (readonly [string, Subgraph])[]> {
  const hides = client.hides?.(lab.graph) === true;
  const wanted = { ...lab, directions: ways[direction], depth: maxDepth };
  // Who sees a vertex is told by its columns, and what is hidden by its edges.
  const { rows, isCut } = await (whole || hides ? walk : walkKeys)(wanted, sampleIds, client);
  const endsOf = () => ({ source: lab.frame.name, target: lab.frame.name });
  const options = { limit, cut: isCut, endsOf, hides };
  const bySample = Map.groupBy(rows, ([, sampleId]) => sampleId);
  // A walk that begins at what the caller may not see has no row for its beginning.
  const begun = [...bySample].filter(([sampleId, met]) => met.some(([depth, , { key }]) => depth === 0 && key === sampleId));
  return begun.map(([sampleId, met]) => {
    const meetings = met.map(([depth, , cell, edge]) => ({ depth, vertex: toVertex(lab.graph, cell), edge }));
    return [sampleId, assemble(meetings, options)] as const;
  });
}

type Wanted = Omit<Parameters<typeof lineage>[0], 'whole'>;

const walk = (wanted: Wanted, sampleIds: readonly string[], client: GraphClient) =>
  client.run(lab.graph, lineage({ ...wanted, whole: true }, sampleIds), LineageRows);

async function walkKeys(wanted: Wanted, sampleIds: readonly string[], client: GraphClient): ReturnType<typeof walk> {
  const { rows, isCut } = await client.run(lab.graph, lineage({ ...wanted, whole: false }, sampleIds), LineageKeyRows);
  const { name: frame } = lab.frame;
  return { rows: rows.map(([depth, sampleId, key]) => [depth, sampleId, { frame, key, properties: {} }, null]), isCut };
}
