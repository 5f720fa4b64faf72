import { LRUCache } from 'lru-cache';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { EdgeSchema, GraphSchema, VertexSchema } from './answers.ts';
import type { Frame, Name } from './cypher.ts';
import { isName } from './cypher.ts';

/** A vertex frame that statements may speak of. */
export type VertexFrame = Frame & {
  /** A key of the frame in the type of its column; null for what cannot be one. */
  readonly keyValue: (key: string) => string | number | null;
};

export type EdgeFrame = { readonly name: Name; readonly source: string; readonly target: string };

/** The frames of a graph. Names from clients become names in statements only by being found here. */
export type Catalog = {
  readonly schema: GraphSchema;
  readonly vertexFrame: (name: string) => VertexFrame | null;
  /**
   * The edge frames of these names, all of them when none are given.
   * @throws ExpectedError BAD_USER_INPUT for a name that is no edge frame of the graph
   */
  readonly edgeFrames: (names: readonly string[] | null | undefined) => readonly EdgeFrame[];
};

/** What the service shows to one tenant is nobody else's. */
export type Catalogs = {
  /** Null when there is no such graph. */
  readonly of: (graph: string, tenant?: string) => Promise<Catalog | null>;
  /** To be called when a frame turns out to be gone. */
  readonly forget: (graph: string, tenant?: string) => void;
};

type CatalogOptions = {
  /** Must not belong to one request: all requests of a minute share what it reads. */
  readonly read: (graph: string, tenant?: string) => Promise<GraphSchema | null>;
  readonly clock: Clock;
};

const maxAgeMs = 60_000;
const maxGraphs = 500;

/** The frames of every graph asked for, read once a minute. */
export function catalogs({ read, clock }: CatalogOptions): Catalogs {
  const kept = new LRUCache<string, { readonly catalog: Promise<Catalog | null>; readonly since: number }>({ max: maxGraphs });
  const refresh = (graph: string, tenant: string | undefined): Promise<Catalog | null> => {
    const key = keyOf(graph, tenant);
    const refreshed = { catalog: read(graph, tenant).then((schema) => schema && catalogOf(schema)), since: clock.now() };
    kept.set(key, refreshed);
    const forget = (): void => {
      if (kept.peek(key) === refreshed) kept.delete(key);
    };
    // A failure and an unknown graph are asked for anew the next time.
    refreshed.catalog.then((catalog) => catalog ?? forget(), forget);
    return refreshed.catalog;
  };
  return {
    of(graph, tenant) {
      const known = kept.get(keyOf(graph, tenant));
      return known !== undefined && clock.now() - known.since <= maxAgeMs ? known.catalog : refresh(graph, tenant);
    },
    forget: (graph, tenant) => void kept.delete(keyOf(graph, tenant)),
  };
}

/** The name of a graph may come from a client and hold anything. */
const keyOf = (graph: string, tenant: string | undefined): string => JSON.stringify([graph, tenant]);

function catalogOf(schema: GraphSchema): Catalog {
  const vertexFrames = new Map(schema.vertices.map((vertex) => [vertex.frame, vertexFrame(vertex)]));
  const edgeFrames = new Map(schema.edges.flatMap(edgeFrame).map((edge) => [edge.name as string, edge]));
  return {
    schema,
    vertexFrame: (name) => vertexFrames.get(name) ?? null,
    edgeFrames(names) {
      const found = names == null ? [...edgeFrames.values()] : [...new Set(names)].map((name) => edgeFrames.get(name));
      return found.map((frame) => {
        if (frame !== undefined) return frame;
        throw new ExpectedError('BAD_USER_INPUT', 'edgeFrames: holds a name that is no edge frame of the graph.');
      });
    },
  };
}

/** Null for names that cannot stand in a statement. */
function vertexFrame({ frame, key, properties }: VertexSchema): VertexFrame | null {
  if (!isName(frame) || !isName(key)) return null;
  const type = properties.find(({ name }) => name === key)?.type.toLowerCase();
  return { name: frame, key, keyValue: type === 'int' || type === 'uint' ? wholeNumber : (text) => text };
}

const edgeFrame = ({ frame, source, target }: EdgeSchema): readonly EdgeFrame[] =>
  isName(frame) ? [{ name: frame, source, target }] : [];

/** Only the usual spelling, so that no vertex has two ids. */
function wholeNumber(key: string): number | null {
  const value = Number(key);
  return Number.isSafeInteger(value) && String(value) === key ? value : null;
}
