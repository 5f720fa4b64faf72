import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { RemoteName, RemoteOperation } from './remote-graph.ts';
import { remoteOperations } from './remote-graph.ts';

// What somebody would write by hand for just these operations: one call, then two at once, joined by id. It knows neither
// GraphQL nor failures. Its argument is the addresses of the three subgraphs as JSON.
const urls: Readonly<Record<RemoteName, string>> = JSON.parse(process.argv[2] ?? '');
const pools = {
  samples: new Pool(new URL(urls.samples).origin, { connections: 128 }),
  templates: new Pool(new URL(urls.templates).origin, { connections: 128 }),
  places: new Pool(new URL(urls.places).origin, { connections: 128 }),
};

async function ask(name: RemoteName, query: string, variables: object) {
  const { body } = await pools[name].request({
    path: '/',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = JSON.parse(await body.text());
  return data;
}

type Sample = { template: { readonly id: string }; place: { readonly id: string } };

const entities = (type: string, fields: string): string =>
  `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${type} { ${fields} } } }`;

function handler({ first, sample, template, place }: RemoteOperation) {
  const listed = `{ samples(first: ${first}) { ${sample} template { id } place { id } } }`;
  const templates = entities('Template', template);
  const places = entities('Place', place);
  const references = (__typename: string, found: readonly { readonly id: string }[]) => ({
    representations: found.map(({ id }) => ({ __typename, id })),
  });
  return async (): Promise<string> => {
    const { samples }: { readonly samples: readonly Sample[] } = await ask('samples', listed, {});
    const [left, right] = await Promise.all([
      ask(
        'templates',
        templates,
        references(
          'Template',
          samples.map((one) => one.template),
        ),
      ),
      ask(
        'places',
        places,
        references(
          'Place',
          samples.map((one) => one.place),
        ),
      ),
    ]);
    for (const [index, one] of samples.entries()) {
      one.template = left._entities[index];
      one.place = right._entities[index];
    }
    return JSON.stringify({ data: { samples } });
  };
}

const handlers = new Map(remoteOperations.map((operation) => [operation.operationName, handler(operation)]));

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  const { operationName } = JSON.parse(await read(request));
  const body = (await handlers.get(operationName)?.()) ?? '{"errors":[{"message":"Unknown."}]}';
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })),
);
