/*
 * Every statement that is sent to the graph service. Values travel as parameters; what stands in the text is a `Name` or a
 * whole number of ours. The forms are those that xGT and the sandbox's engine share; where one needs another, a comment says so.
 * Rows begin with a number: as built, the service takes a row whose cells all have length 2 for a mapping (graph contract 1.3).
 */

export type Statement = { readonly text: string; readonly parameters: Readonly<Record<string, unknown>> };

/** Most rows of one answer of the graph service. */
export const maxRows = 10_000;

declare const name: unique symbol;

/** The name of a graph, frame or column that may stand in the text of a statement, of at most 255 characters. */
export type Name = string & { readonly [name]: true };

export const isName = (text: string): text is Name => /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text);

export type Frame = { readonly name: Name; readonly key: Name };

export type Direction = 'OUT' | 'IN' | 'BOTH';

const arrows: Readonly<Record<Direction, readonly [string, string]>> = { OUT: ['-', '->'], IN: ['<-', '-'], BOTH: ['-', '-'] };

const hop = (direction: Direction, edge: string): string => arrows[direction].join(`[${edge}]`);

const keyed = (variable: string, { name, key }: Frame, value: string): string => `(${variable}:${name} {${key}: ${value}})`;

/** Rows of `1, key, vertex`. */
export const vertices = (frame: Frame, keys: readonly unknown[]): Statement => ({
  text: `UNWIND $keys AS k MATCH ${keyed('v', frame, 'k')} RETURN 1 AS one, k, v LIMIT ${maxRows}`,
  parameters: { keys },
});

export type Around = {
  readonly frame: Frame;
  readonly direction: Direction;
  /** At least one. */
  readonly edges: readonly Name[];
};

type Neighbors = Around & {
  /** Names of the key columns that neighbours may have; at least one. */
  readonly keys: readonly Name[];
  readonly offset: number;
  readonly limit: number;
};

/** Rows of `1, key, neighbour, edge`, ordered by key, edge frame and the neighbour's key. */
export function neighbors(
  { frame, direction, edges, keys: columns, offset, limit }: Neighbors,
  keys: readonly unknown[],
): Statement {
  const pattern = keyed('s', frame, 'k') + hop(direction, `e:${edges.join('|')}`);
  const [first = '', ...others] = columns.map((column) => `v.${column}`);
  const key = others.length === 0 ? first : `coalesce(${[first, ...others].join(', ')})`;
  return {
    // openCypher calls the frame of an edge type(e), the sandbox's engine only label(e).
    text: `UNWIND $keys AS k MATCH ${pattern}(v) RETURN 1 AS one, k, v, e ORDER BY k, label(e), ${key} SKIP ${offset} LIMIT ${limit}`,
    parameters: { keys },
  };
}

/** Rows of `number of neighbours, key`; a vertex without any has no row. */
export const degrees = ({ frame, direction, edges }: Around, keys: readonly unknown[]): Statement => ({
  text: `UNWIND $keys AS k MATCH ${keyed('s', frame, 'k')}${hop(direction, `e:${edges.join('|')}`)}(v) RETURN count(e) AS degree, k`,
  parameters: { keys },
});

type Lineage = {
  readonly frame: Frame;
  /** Leads from the frame to itself. */
  readonly edge: Name;
  readonly directions: readonly Exclude<Direction, 'BOTH'>[];
  readonly depth: number;
  /** True for whole vertices and their edges; else keys alone are told. */
  readonly whole: boolean;
};

/**
 * Rows of `depth, key, vertex, edge`: every vertex met, the first one with depth 0, once for each edge that starts at it. Where
 * they are not to be whole, rows of `depth, key, key of the vertex`: a tenth of the bytes, and a step less to walk.
 */
export function lineage({ frame, edge, directions, depth, whole }: Lineage, keys: readonly unknown[]): Statement {
  const told = whole
    ? `OPTIONAL MATCH (v)-[e:${edge}]->(parent:${frame.name})
    RETURN depth, k, v, e`
    : `RETURN depth, k, v.${frame.key} AS met`;
  const branch = (direction: Direction): string => `
    UNWIND $keys AS k
    MATCH p = ${keyed('s', frame, 'k')}${hop(direction, `:${edge}*0..${depth}`)}(v:${frame.name})
    WITH k, v, min(length(p)) AS depth
    ${told} ORDER BY depth LIMIT ${maxRows}`;
  return { text: directions.map(branch).join('\n    UNION ALL'), parameters: { keys } };
}

/**
 * Rows of `depth, vertex, edge`: every edge gone along with the vertex it led to. The first step stands by itself because the
 * sandbox's engine knows no path of length 0 without direction.
 */
export function neighborhood({ frame, direction, edges, depth }: Around & { readonly depth: number }, key: unknown): Statement {
  const start = keyed('s', frame, '$key');
  const types = edges.join('|');
  const last = `${hop(direction, `e:${types}`)}(v)`;
  const near = `MATCH ${start}${last} RETURN 1 AS depth, v, e LIMIT ${maxRows}`;
  const far = `MATCH p = ${start}${hop(direction, `:${types}*1..${depth - 1}`)}(a)${last}
    WITH v, e, min(length(p)) AS depth
    RETURN depth, v, e ORDER BY depth LIMIT ${maxRows}`;
  return { text: depth === 1 ? near : `${near}\n    UNION ALL ${far}`, parameters: { key } };
}

type Ways = { readonly from: Frame; readonly to: Frame; readonly edges: readonly Name[]; readonly maxHops: number };

type Ends = { readonly from: unknown; readonly to: unknown };

/**
 * One row of `length, vertices, edges`, or none. SHORTEST is the engine's word for a search in widening circles; servers without
 * it take `[e:A|B*1..n]` with `ORDER BY length`, which tries every way there is.
 */
export const shortestPath = ({ from, to, edges, maxHops }: Ways, ends: Ends): Statement => ({
  text: `
    MATCH p = ${keyed('a', from, '$from')}-[:${edges.join('|')}* SHORTEST 1..${maxHops}]-${keyed('b', to, '$to')}
    RETURN length(p) AS length, nodes(p) AS vertices, relationships(p) AS edges LIMIT 1`,
  parameters: { ...ends },
});
