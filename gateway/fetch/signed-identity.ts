import type { FetchLayer } from '#gateway/request.ts';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';

/**
 * Tells one HTTP subgraph who is calling, by a signed assertion that is good for 30 s and for this subgraph alone. Of a
 * mutation it also tells from where, for whoever keeps an audit log: queries share one assertion per caller.
 */
export function signedIdentity(secret: string, service: string): FetchLayer {
  const sign = assertionSigner(secret, service);
  return (next) => async (request) => {
    const { caller, client } = request.call;
    const assertion = await sign(caller, request.kind === 'mutation' ? client : undefined);
    return next({ ...request, headers: { ...request.headers, [assertionHeader]: assertion } });
  };
}
