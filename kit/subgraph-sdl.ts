import { readFileSync } from 'node:fs';

/** The schema of a subgraph with the definitions of the gateway's own directives, which are the same for all. */
export const subgraphSdl = (schema: URL): string => `${readFileSync(schema, 'utf8')}\n${readFileSync(directives, 'utf8')}`;

const directives = new URL(import.meta.resolve('#schema/directives.graphql'));
