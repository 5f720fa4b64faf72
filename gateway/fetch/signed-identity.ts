import type { FetchLayer } from '#gateway/request.ts';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';

/** Tells one HTTP subgraph who is calling, by a signed assertion that is good for 30 s and for this subgraph alone. */
export function signedIdentity(secret: string, service: string): FetchLayer {
  const sign = assertionSigner(secret, service);
  return (next) => async (request) =>
    next({ ...request, headers: { ...request.headers, [assertionHeader]: await sign(request.call.caller) } });
}
