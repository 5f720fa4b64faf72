import { readFileSync } from 'node:fs';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { administrator } from '#test/harness/callers.ts';

// The plain gateway as its documentation shows it, over the supergraph file of the first argument. It adds what our
// subgraphs want to know: who is calling, here always an administrator.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
const buildService = ({ name, url }: { readonly name: string; readonly url?: string }) => {
  const sign = assertionSigner(developmentSecrets.SUBGRAPH_SECRET, name);
  return new RemoteGraphQLDataSource({
    ...(url !== undefined && { url }),
    willSendRequest: async ({ request }) => request.http?.headers.set(assertionHeader, await sign(administrator)),
  });
};
const server = new ApolloServer({
  gateway: new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2] ?? '', 'utf8'), buildService }),
});
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
console.log(JSON.stringify({ url }));
