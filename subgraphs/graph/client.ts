import type { ZodType } from 'zod';
import { z } from 'zod';
import { accepted } from '#kit/accepted.ts';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import { path } from '#kit/path.ts';
import type { RunWatch } from '#kit/query-watch.ts';
import type { RestClient } from '#kit/rest-client.ts';
import { GraphInfo, GraphSchema, TableFrame } from './answers.ts';
import type { Statement } from './cypher.ts';
import { isName, maxRows } from './cypher.ts';
import { run } from './run.ts';

const Graphs = z.object({ graphs: z.array(GraphInfo) });
const Frames = z.object({ frames: z.array(TableFrame) });

/** What cannot be the name of a graph is null without a call. */
export type GraphClient = {
  readonly graphs: () => Promise<readonly GraphInfo[]>;
  readonly graph: (name: string) => Promise<GraphInfo | null>;
  readonly tables: (graph: string) => Promise<readonly TableFrame[]>;
  /** At most 10,000 rows; none when the graph or a frame of the statement is gone. */
  readonly run: <Row extends readonly unknown[]>(
    graph: string,
    statement: Statement,
    rows: ZodType<readonly Row[]>,
  ) => Promise<Rows<Row>>;
  /** Whether rows of a graph may be left out because the caller must not see them; never unless told. */
  readonly hides?: (graph: string) => boolean;
};

type Rows<Row> = {
  readonly rows: readonly Row[];
  /** True when there may be more. */
  readonly isCut: boolean;
};

type ClientOptions = {
  readonly rest: RestClient;
  /** Ends the wait for a statement that takes long. */
  readonly signal: AbortSignal;
  /** Told when the service does not know a graph or a frame that was thought to be there. */
  readonly onMissing: (graph: string) => void;
  readonly watch?: RunWatch | undefined;
};

export function graphClient({ rest, signal, onMissing, watch }: ClientOptions): GraphClient {
  return {
    graphs: async () => (await rest.get('/api/v1/public/graphs', { answer: Graphs })).graphs,
    graph: async (name) => (isName(name) ? orNull(rest.get(path`/api/v1/public/graphs/${name}`, { answer: GraphInfo })) : null),
    async tables(graph) {
      const query = { graph_name: graph, frame_type: 'table' };
      return (await rest.get('/api/v1/public/frames', { answer: Frames, query })).frames;
    },
    async run(graph, statement, rows) {
      const answer = await orNull(run(graph, statement, { rest, signal, watch }));
      if (answer === null) onMissing(graph);
      const parsed = accepted(rows, answer ?? []);
      if (parsed.success) return { rows: parsed.data, isCut: parsed.data.length >= maxRows };
      throw upstreamError('UPSTREAM_INVALID_RESPONSE', 'graph', { cause: parsed.error });
    },
  };
}

/** Null when there is no such graph. */
export async function readSchema(rest: RestClient, graph: string): Promise<GraphSchema | null> {
  if (!isName(graph)) return null;
  return orNull(rest.get(path`/api/v1/public/graphs/${graph}/schema`, { answer: GraphSchema }));
}

/** Null for what the service does not know. */
export async function orNull<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}
