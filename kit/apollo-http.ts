import type { ApolloServer, BaseContext } from '@apollo/server';
import { HeaderMap } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** An answer of Apollo Server, before it is written. */
export type HttpAnswer = { readonly status: number; readonly headers: HeaderMap; readonly body: string };

/** What an operation needs of an HTTP request. */
export type HttpRequest = Pick<FastifyRequest, 'method' | 'headers' | 'url' | 'body'>;

/**
 * Hands one HTTP request to an Apollo server.
 * The body is whatever Fastify's parsers made of it; Apollo checks it against the GraphQL over HTTP rules.
 */
export async function askApollo<Context extends BaseContext>(
  server: ApolloServer<Context>,
  request: HttpRequest,
  context: Context,
): Promise<HttpAnswer> {
  const { body, headers, status } = await server.executeHTTPGraphQLRequest({
    context: async () => context,
    httpGraphQLRequest: {
      method: request.method,
      headers: headerMap(request),
      search: request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
      body: request.body,
    },
  });
  if (body.kind !== 'complete') throw new Error('Incremental delivery is not offered.');
  return { status: status ?? 200, headers, body: body.string };
}

export function writeAnswer(reply: FastifyReply, { status, headers, body }: HttpAnswer): FastifyReply {
  for (const [name, value] of headers) reply.header(name, value);
  return reply.status(status).send(body);
}

function headerMap({ headers }: HttpRequest): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}
