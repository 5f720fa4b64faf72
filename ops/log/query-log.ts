import type { Logger } from 'pino';
import type { WatchedQuery } from '#kit/query-watch.ts';

/** One line for every statement that begins, with the fields that its service's own log has; the text of none is told. */
export function queryLog(logger: Logger): (query: WatchedQuery) => void {
  const app = logger.child({ stream: 'app' });
  return ({ requestId, graph, kind, length, limit, caller: { organization, keyId = '' } }) =>
    app.info(
      {
        query_id: requestId,
        organization_id: organization,
        api_key_id: keyId,
        query_length: length,
        estimated_rows: limit,
        graph,
        kind,
      },
      'statement',
    );
}
