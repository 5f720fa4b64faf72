import type { Clock } from '#kit/clock.ts';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { AuthClient, Credentials, User } from './client.ts';
import type { Until } from './kept.ts';
import { kept } from './kept.ts';

const minuteMs = 60_000;

/** As much of a person as everybody may know. */
export type Name = Pick<User, 'id' | 'displayName'>;

/**
 * Names people for everybody, seen with the gateway's own account. Lives as long as the process and keeps nothing but
 * names and that account's token.
 */
export type Directory = {
  /** The newest 100, at most a minute old. */
  readonly newest: () => Promise<readonly Name[]>;
  /** One who is not among them, with a call of the request that wants to know. */
  readonly one: (id: string, client: AuthClient) => Promise<Name | null>;
};

type Parts = {
  readonly account: Credentials;
  readonly clock: Clock;
  /** A client for a call that several requests wait for. */
  readonly background: () => AuthClient;
};

export function directory(parts: Parts): Directory {
  const { clock, background } = parts;
  const signedIn = signedInWith(parts);
  const names = kept(async () => {
    const users = await signedIn(background().users);
    return { value: users.map(nameOf), until: clock.now() + minuteMs };
  }, clock);
  return {
    newest: names.get,
    async one(id, client) {
      const user = await signedIn((authorization) => client.user(id, authorization));
      return user && nameOf(user);
    },
  };
}

const nameOf = ({ id, displayName }: User): Name => ({ id, displayName });

type Ask<Answer> = (authorization: string) => Promise<Answer>;

/** Asks with the account's token, and once more with a new one when the token turns out to be void. */
function signedInWith({ account, clock, background }: Parts): <Answer>(ask: Ask<Answer>) => Promise<Answer> {
  const token = kept(() => signIn(background(), account, clock), clock);
  const login = async (): Promise<string> => {
    const known = await token.get();
    if (typeof known === 'string') return known;
    throw known;
  };
  return async (ask) => {
    const authorization = await login();
    try {
      return await ask(authorization);
    } catch (error) {
      if (!isCode(error, 'UNAUTHENTICATED')) throw asOurs(error);
      token.forget(authorization);
    }
    const renewed = await login();
    return ask(renewed).catch((error) => Promise.reject(asOurs(error)));
  };
}

/** A refused login is kept for a minute as well: trying on with a wrong password would only lock the account. */
async function signIn(client: AuthClient, account: Credentials, clock: Clock): Promise<Until<string | Error>> {
  try {
    const { authorization, expiresAt } = await client.login(account);
    return { value: authorization, until: Date.parse(expiresAt) - minuteMs };
  } catch (error) {
    const refused = asOurs(error);
    if (refused === error) throw error;
    return { value: refused, until: clock.now() + minuteMs };
  }
}

const isCode = (error: unknown, code: string): boolean => error instanceof ExpectedError && error.code === code;

/** A refusal of the gateway's own account is nothing the caller could cure; every other error stays what it is. */
function asOurs(error: unknown): Error {
  const isRefusal = ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND'].some((code) => isCode(error, code));
  if (isRefusal) return upstreamError('UPSTREAM_REJECTED', 'auth', { cause: error });
  return error instanceof Error ? error : new Error('The directory failed.', { cause: error });
}
