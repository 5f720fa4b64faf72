import { composeServices } from '@apollo/composition';
import { lexicographicSortSchema, parse, printSchema } from 'graphql';
import { refusedShapes } from './lint.ts';

export type SubgraphSdl = {
  readonly name: string;
  /** Routing URL: `local:<name>` for a subgraph of the gateway's own process, else http(s). */
  readonly url: string;
  readonly sdl: string;
};

export type Composed = {
  readonly supergraph: string;
  /** The schema that clients see. */
  readonly api: string;
  readonly hints: readonly string[];
};

/** Composes subgraphs into a supergraph. @throws Error that lists everything in the way, one line each */
export function compose(subgraphs: readonly SubgraphSdl[]): Composed {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const refused = services.flatMap(({ name, typeDefs }) => refusedShapes(typeDefs).map((line) => `[${name}] ${line}`));
  if (refused.length > 0) throw new Error(refused.join('\n'));
  const { errors, hints, schema, supergraphSdl } = composeServices(services);
  if (schema === undefined || supergraphSdl === undefined)
    throw new Error((errors ?? []).map(({ message }) => message).join('\n'));
  return {
    supergraph: `${supergraphSdl.trimEnd()}\n`,
    api: `${printSchema(lexicographicSortSchema(schema.toAPISchema().toGraphQLJSSchema()))}\n`,
    hints: hints.map((hint) => hint.toString()),
  };
}
