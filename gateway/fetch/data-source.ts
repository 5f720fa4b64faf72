import type { GraphQLDataSource } from '@apollo/gateway';
import type { RequestContext, SubgraphHandler, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { Handler } from '#kit/layer.ts';
import { unknownOutcome } from '#kit/outcome.ts';
import type { Wanted } from './wanted.ts';
import { isComplete, lostPaths, spreadOverLost } from './wanted.ts';

type Options = {
  readonly service: string;
  /** The layers and the transport of this subgraph. */
  readonly handle: SubgraphHandler;
  /** What an operation text is to bring. */
  readonly wantedOf: (text: string) => Wanted;
  readonly onUnexpectedError: (error: unknown, request: SubgraphRequest) => void;
};

/** A fetch of a query plan. */
type PlannedFetch = Pick<SubgraphRequest, 'text' | 'operationName' | 'variables' | 'kind'> & {
  readonly context: RequestContext;
  /** True for every fetch of a mutation, those that only read too. */
  readonly writes: boolean;
};

/**
 * What an executor asks for each fetch of a plan. It never throws: a failed call becomes one error for each path
 * that it was to fill, so that no null stands in an answer without its reason.
 */
export function plannedFetches({
  service,
  handle,
  wantedOf,
  onUnexpectedError,
}: Options): Handler<PlannedFetch, SubgraphResponse> {
  const failed = (error: unknown, request: SubgraphRequest, left: boolean): SubgraphResponse => {
    if (!(error instanceof ExpectedError)) onUnexpectedError(error, request);
    const expected = error instanceof ExpectedError ? error : internal(service);
    const { message, extensions: own } = request.kind === 'mutation' ? unknownOutcome(expected) : expected;
    const extensions = { service, ...own };
    // A client that is gone reads nothing, and one may leave behind as many paths as there are entities.
    if (left) return { data: null, errors: [{ message, extensions }] };
    return {
      data: null,
      errors: lostPaths(wantedOf(request.text), request).map((path) => ({ message, path, extensions })),
    };
  };
  return async (fetch) => {
    const request = subgraphRequest(service, fetch);
    const fail = (error: unknown): SubgraphResponse => failed(error, request, fetch.context.outcome.left);
    const answer = await handle(request).catch(fail);
    const wanted = wantedOf(request.text);
    const whole = isComplete(wanted, answer, request);
    return whole ? spreadOverLost(wanted, answer, request) : fail(upstreamError('UPSTREAM_INVALID_RESPONSE', service));
  };
}

function subgraphRequest(service: string, { context, writes, ...planned }: PlannedFetch): SubgraphRequest {
  const { call, forwarded, uploads, outcome, wantsFresh } = context;
  const name = outcome.registered ?? outcome.operation?.name;
  return {
    service,
    ...planned,
    carriesUploads: uploads.length > 0,
    // A fresh call per fetch of a mutation: nothing that loaders read before a write may be used after it.
    call: writes ? { ...call } : call,
    headers: forwarded,
    signal: call.signal,
    lookups: outcome.lookups,
    wantsFresh,
    ...(name !== undefined && { operation: { name, isRegistered: outcome.registered !== undefined } }),
  };
}

/** The same for Apollo's executor. */
export function dataSource(fetch: Handler<PlannedFetch, SubgraphResponse>): GraphQLDataSource {
  return {
    async process(options) {
      const { request } = options;
      const text = request.query ?? '';
      const { data, errors } = await fetch({
        context: options.context as RequestContext,
        text,
        ...(request.operationName !== undefined && { operationName: request.operationName }),
        variables: request.variables ?? {},
        kind: text.startsWith('mutation') ? 'mutation' : 'query',
        writes: 'incomingRequestContext' in options && options.incomingRequestContext.operation.operation === 'mutation',
      });
      // Apollo merges `data` into its own tree and reads `errors` as plain objects; neither is changed afterwards by us.
      return { data, errors } as Awaited<ReturnType<GraphQLDataSource['process']>>;
    },
  };
}

const internal = (service: string) =>
  new ExpectedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.', { extensions: { service } });
