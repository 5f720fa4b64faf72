import type { ApolloGateway } from '@apollo/gateway';
import type { ApolloServerOptionsWithGateway } from '@apollo/server';
import type { ExecutionResult } from 'graphql';
import type { Admission, OperationLayer, RequestContext } from '#gateway/request.ts';
import type { Handler } from '#kit/layer.ts';
import { stack } from '#kit/layer.ts';
import { refusal } from '#kit/refusal.ts';
import type { DocumentHashes } from './document-hashes.ts';
import { documentHashes } from './document-hashes.ts';
import type { PlanOf } from './planner.ts';

type GatewayInterface = ApolloServerOptionsWithGateway<RequestContext>['gateway'];

type Executor = ApolloGateway['executor'];

type Wrapping = {
  readonly layers: readonly OperationLayer[];
  /** Puts the plan of an operation where the gateway looks for it. */
  readonly planOf: PlanOf;
  /** Runs operations in place of the gateway's own executor, layers included. */
  readonly execute?: Handler<Admission, ExecutionResult> | undefined;
  readonly hashes?: DocumentHashes;
};

/** Plans and runs an operation; `hash` tells its document from every other. */
export type Execute = Handler<Admission & { readonly hash: string }, ExecutionResult>;

/** Layers around what plans and runs operations. */
export const layeredExecution = (
  layers: readonly OperationLayer[],
  execute: Execute,
  hashes: DocumentHashes,
): Handler<Admission, ExecutionResult> => stack(layers, (asked) => execute({ ...asked, hash: hashes.of(asked.document) }));

/** A gateway whose planning and execution are wrapped in layers. Apollo Server lets no hook of its own change a document. */
export function layeredGateway(gateway: ApolloGateway, wrapping: Wrapping): GatewayInterface {
  return {
    onSchemaLoadOrUpdate: (callback) => gateway.onSchemaLoadOrUpdate(callback),
    stop: () => gateway.stop(),
    async load(options) {
      const { executor } = await gateway.load(options);
      return { executor: layered(executor, wrapping) };
    },
  };
}

function layered(stock: Executor, { layers, planOf, execute, hashes = documentHashes() }: Wrapping): Executor {
  const stockExecution = (request: Parameters<Executor>[0]) => {
    const run: Execute = async ({ document, operation, hash }) => {
      await planOf({ document, operation, hash });
      // By the operation's own name, also where the client had no need to tell it, the gateway finds the plan.
      const operationName = operation.name?.value;
      const named = { ...request.request, ...(operationName !== undefined && { operationName }) };
      return stock({ ...request, document, operation, queryHash: hash, request: named });
    };
    return layeredExecution(layers, run, hashes);
  };
  return async (request) => {
    const { document, operation, schema } = request;
    hashes.keep(document, request.queryHash);
    const context = request.context as RequestContext;
    const handle = execute ?? stockExecution(request);
    const asked = { context, schema, document, operation, variables: request.request.variables ?? {} };
    return handle(asked).catch((error: unknown) => {
      throw refusal(error);
    });
  };
}
