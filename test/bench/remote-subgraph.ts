import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { operationExecutor } from '#kit/execute-operation.ts';
import { administrator } from '#test/harness/callers.ts';
import type { RemoteName } from './remote-graph.ts';
import { remoteGraph } from './remote-graph.ts';

// One subgraph of remote-graph.ts as a server: node test/bench/remote-subgraph.ts <name>
const { sdl, resolvers } = remoteGraph[process.argv[2] as RemoteName];
const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers }]);
const execute = operationExecutor({ schema, contextFor: () => ({}), onUnexpectedError: console.error });
const call = { requestId: 'bench', signal: new AbortController().signal, caller: administrator };

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { query: text, variables } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify(await execute({ text, variables, call }));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })),
);
