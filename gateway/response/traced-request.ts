import type { RequestContext } from '#gateway/request.ts';
import type { HttpAnswer } from '#kit/apollo-http.ts';
import { currentTrace, traced } from '#kit/tracing.ts';

/** A request is the first step of our part of its trace; the trace's id goes into its log lines. */
export const tracedRequest = ({ call, outcome }: RequestContext, run: () => Promise<HttpAnswer>): Promise<HttpAnswer> =>
  traced(
    {
      kind: 'request',
      name: 'POST /graphql',
      attributes: { 'request.id': call.requestId, 'organization.id': call.caller.organization, 'caller.kind': call.caller.kind },
      ...(call.traceparent !== undefined && { traceparent: call.traceparent }),
    },
    () => {
      const place = currentTrace();
      if (place !== undefined) outcome.traceId = place.traceId;
      return run();
    },
    ({ status }) => ({ 'http.response.status_code': status }),
  );
