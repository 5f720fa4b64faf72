import type { Caller } from '#kit/caller.ts';
import { stranger } from '#kit/caller.ts';
import { ExpectedError, unauthenticated } from '#kit/errors.ts';
import type { Incoming } from './credential.ts';
import { credentialOf } from './credential.ts';

type Parts = {
  /** Who holds a token. */
  readonly userOf: (token: string) => Promise<Caller>;
  /** Whose a key is; `address` is the client's, for keys that are good from some networks only. */
  readonly partnerOf: (key: string, address: string) => Promise<Caller>;
};

/** The parts of a Fastify request that say who sends it. */
type IdentifiableRequest = {
  readonly url: string;
  readonly ip: string;
  readonly headers: Incoming['headers'];
  readonly raw: Pick<Incoming, 'rawHeaders'>;
};

/**
 * Finds out who sends a request from its credential alone; no other header has a say.
 * The promise rejects with ExpectedError BAD_REQUEST, FORBIDDEN, AUTH_UNAVAILABLE, or UNAUTHENTICATED in one and the same words.
 */
export function identifier({ userOf, partnerOf }: Parts): (request: IdentifiableRequest) => Promise<Caller> {
  return async ({ url, ip, headers, raw: { rawHeaders } }) => {
    try {
      const credential = credentialOf({ url, headers, rawHeaders });
      switch (credential.kind) {
        case 'none':
          return stranger;
        case 'key':
          return await partnerOf(credential.key, ip);
        case 'token':
          return await userOf(credential.token);
      }
    } catch (cause) {
      if (cause instanceof ExpectedError && cause.code === 'UNAUTHENTICATED') throw unauthenticated({ cause });
      throw cause;
    }
  };
}
