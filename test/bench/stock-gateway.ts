import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

// The plain gateway as its documentation shows it, over the supergraph file of the first argument.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2] ?? '', 'utf8') }) });
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
console.log(JSON.stringify({ url }));
