import { createHash } from 'node:crypto';
import type { ApolloGateway } from '@apollo/gateway';
import type { ApolloServerOptionsWithGateway } from '@apollo/server';
import type { DocumentNode, ExecutionResult } from 'graphql';
import { print } from 'graphql';
import type { Admission, OperationLayer, RequestContext } from '#gateway/request.ts';
import type { Handler } from '#kit/layer.ts';
import { stack } from '#kit/layer.ts';
import { refusal } from '#kit/refusal.ts';
import type { PlanOf } from './planner.ts';

type GatewayInterface = ApolloServerOptionsWithGateway<RequestContext>['gateway'];

type Executor = ApolloGateway['executor'];

type Wrapping = {
  readonly layers: readonly OperationLayer[];
  /** Puts the plan of an operation where the gateway looks for it. */
  readonly planOf: PlanOf;
  /** Runs operations in place of the gateway's own executor. */
  readonly execute?: Execute | undefined;
};

/** Plans and runs an operation; `hash` tells its document from every other. */
export type Execute = Handler<Admission & { readonly hash: string }, ExecutionResult>;

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

function layered(stock: Executor, { layers, planOf, execute }: Wrapping): Executor {
  const hashOf = documentHashes();
  return async (request) => {
    const { document, operation } = request;
    const handle = stack(layers, async (asked) => {
      const hash = asked.document === document ? request.queryHash : hashOf(asked.document);
      if (execute !== undefined) return execute({ ...asked, hash });
      await planOf({ document: asked.document, operation: asked.operation, hash });
      // By the operation's own name, also where the client had no need to tell it, the gateway finds the plan.
      const operationName = asked.operation.name?.value;
      return stock({
        ...request,
        document: asked.document,
        operation: asked.operation,
        queryHash: hash,
        request: { ...request.request, ...(operationName !== undefined && { operationName }) },
      });
    });
    const context = request.context as RequestContext;
    const asked = { context, schema: request.schema, document, operation, variables: request.request.variables ?? {} };
    return handle(asked).catch((error: unknown) => {
      throw refusal(error);
    });
  };
}

/** The planner keeps plans by hash: a changed document may not take the plan of the client's text. */
function documentHashes(): (document: DocumentNode) => string {
  const hashes = new WeakMap<DocumentNode, string>();
  return (document) => {
    const known = hashes.get(document);
    if (known !== undefined) return known;
    const hash = createHash('sha256').update(print(document)).digest('hex');
    hashes.set(document, hash);
    return hash;
  };
}
