import type { FetchLayer, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { canonical } from './canonical.ts';
import { digest } from './digest.ts';
import { flights } from './flights.ts';
import { headersDigest, rightsOf } from './keys.ts';
import { jsonOf } from './storable.ts';

type Options = {
  /** Another one after every write: who reads after it does not share what was asked before. */
  readonly generation: () => number;
};

type Shared = { readonly text: string } | { readonly error: unknown };

/**
 * One call for all who read the same at the same time, of one organization, one subject and the same rights, also where
 * nothing is kept. Mutations and files are never shared.
 */
export function coalesce({ generation }: Options): FetchLayer {
  const running = flights<Shared>();
  // Keys that somebody waits for: without one, no text has to be made of an answer.
  const following = new Set<string>();
  return (next) => {
    const lead = async (request: SubgraphRequest, key: string): Promise<SubgraphResponse> => {
      const end = running.open(key);
      try {
        const response = await next(request);
        // Before anybody merges into it.
        end(following.delete(key) ? sharedOf(response) : undefined);
        return response;
      } catch (error) {
        // Whose time is up or whose client is gone gives up for itself alone.
        end(request.signal.aborted ? undefined : { error });
        throw error;
      } finally {
        following.delete(key);
      }
    };
    const share = async (request: SubgraphRequest, key: string): Promise<SubgraphResponse> => {
      const flight = running.join(key);
      if (flight === undefined) return lead(request, key);
      following.add(key);
      const shared = await flight;
      if (shared === undefined) return request.signal.aborted ? next(request) : share(request, key);
      if ('error' in shared) throw shared.error;
      return JSON.parse(shared.text);
    };
    return async (request) => {
      const key = keyOf(request, generation());
      return key === undefined ? next(request) : share(request, key);
    };
  };
}

function sharedOf(response: SubgraphResponse): Shared | undefined {
  const text = jsonOf(response);
  return text === undefined ? undefined : { text };
}

/** Undefined for what is not shared. */
function keyOf(request: SubgraphRequest, generation: number): string | undefined {
  if (request.kind === 'mutation' || request.carriesUploads) return undefined;
  const { call, service, text, operationName = '', variables, headers } = request;
  const { caller, authorization = '' } = call;
  try {
    const who = [rightsOf(caller), caller.subject, caller.keyId ?? '', authorization];
    return digest(String(generation), service, text, operationName, canonical(variables), headersDigest(headers), ...who);
  } catch {
    return undefined;
  }
}
