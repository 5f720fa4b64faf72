import { readConfig } from '#gateway/config.ts';
import type { Gateway, GatewayParts } from '#gateway/gateway.ts';
import { createGateway } from '#gateway/gateway.ts';
import { fixedSource } from '#gateway/plan/supergraph-source.ts';
import { createLogger } from '#ops/logger.ts';
import { administrator } from './callers.ts';
import { givenExecutor } from './given-executor.ts';

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: { readonly data?: Record<string, never> | null; readonly errors?: readonly ErrorEntry[] };
};

type ErrorEntry = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Record<string, unknown>;
};

export type GatewayUnderTest = Gateway & {
  readonly query: (query: string, variables?: Record<string, unknown>, headers?: Record<string, string>) => Promise<Answer>;
  /** Sends any body as it stands. */
  readonly send: (init: RequestInit & { readonly path?: string }) => Promise<Answer>;
};

type Options = Partial<GatewayParts> & { readonly sdl?: string; readonly env?: Record<string, string> };

/** A gateway on a free port, with any part replaced. */
export async function testGateway({ sdl = '', env = {}, ...parts }: Options): Promise<GatewayUnderTest> {
  const config = readConfig({
    ENVIRONMENT: 'test',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    SUPERGRAPH_PATH: 'given',
    // A thread for each of a hundred gateways would take longer than the tests.
    PLANNER_WORKER: 'false',
    ...givenExecutor(),
    ...env,
  });
  const gateway = await createGateway(config, {
    source: fixedSource(sdl),
    locals: new Map(),
    identify: async () => administrator,
    logger: createLogger({ level: 'silent' }),
    ...parts,
  });
  const send: GatewayUnderTest['send'] = async ({ path = '/graphql', ...init }) => {
    const response = await fetch(gateway.url + path, { redirect: 'manual', ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  return {
    ...gateway,
    send,
    query: (query, variables, headers) =>
      send({
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      }),
  };
}
