import { expect, test } from 'vitest';
import { plannedFetches } from '#gateway/fetch/data-source.ts';
import { wantedFields } from '#gateway/fetch/wanted.ts';
import type { RequestContext } from '#gateway/request.ts';
import { upstreamError } from '#kit/errors.ts';
import { administrator } from '#test/harness/callers.ts';

const entities = 20;

/** Asks for two fields of each entity of a subgraph that does not answer. */
async function askInVain(left: boolean) {
  const fetch = plannedFetches({
    service: 'things',
    handle: () => Promise.reject(upstreamError('UPSTREAM_TIMEOUT', 'things')),
    wantedOf: wantedFields(),
    onUnexpectedError: (error) => expect.unreachable(String(error)),
  });
  const context: RequestContext = {
    call: { requestId: 'request-1', signal: AbortSignal.timeout(10_000), caller: administrator },
    forwarded: {},
    uploads: [],
    address: '127.0.0.1',
    wantsBreakdown: false,
    pricesOnly: false,
    outcome: { accepted: true, refusedText: false, isPublic: false, left },
  };
  const text = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Thing { a b } } }';
  const representations = Array.from({ length: entities }, (_, id) => ({ __typename: 'Thing', id }));
  return fetch({ context, text, variables: { representations }, kind: 'query', writes: false });
}

test('a call that fails is an error for every field that it was to bring', async () => {
  const { data, errors = [] } = await askInVain(false);
  expect(data).toBeNull();
  expect(errors).toHaveLength(2 * entities);
  expect(errors.at(-1)).toMatchObject({
    path: ['_entities', 19, 'b'],
    extensions: { code: 'UPSTREAM_TIMEOUT', service: 'things' },
  });
});

test('a call that fails because its client is gone is one error, which is all that is counted of it', async () => {
  const { data, errors } = await askInVain(true);
  expect(data).toBeNull();
  expect(errors).toEqual([
    {
      message: upstreamError('UPSTREAM_TIMEOUT', 'things').message,
      extensions: expect.objectContaining({ code: 'UPSTREAM_TIMEOUT' }),
    },
  ]);
});
