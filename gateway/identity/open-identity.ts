import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { identifier } from './identify.ts';
import { knownUsers } from './known-users.ts';
import { remoteKeys } from './remote-keys.ts';
import type { SessionParts } from './sessions.ts';
import { openSessions } from './sessions.ts';
import { sharedSecrets } from './shared-secrets.ts';
import type { KeysOf, TokenRules } from './user-tokens.ts';
import { userTokens } from './user-tokens.ts';

/** What tokens are verified with: secrets shared with their issuer, or the issuer's public keys. */
export type TokenKeys =
  | { readonly kind: 'secrets'; readonly secrets: readonly string[] }
  | { readonly kind: 'jwks'; readonly url: string };

type Parts = {
  readonly rules: TokenRules;
  readonly keys: TokenKeys;
  /** How long a verified token is believed without asking again. */
  readonly keepMs: number;
  /** The auth service that knows which sessions stand; absent where tokens have none. */
  readonly auth?: Pick<SessionParts, 'settings' | 'onServices' | 'onBreakerChange' | 'wellAt'> | undefined;
  readonly partnerOf: (key: string, address: string) => Promise<Caller>;
  readonly planOf: (organization: string) => Promise<string>;
  readonly clock: Clock;
  /** Hears why keys or sessions cannot be had. */
  readonly onFailure: (error: unknown) => void;
};

export type Identity = AsyncDisposable & {
  readonly identify: ReturnType<typeof identifier>;
  /** False until credentials can be checked. */
  readonly ready: () => boolean;
};

/** Opens what it takes to know callers by their credentials. */
export async function openIdentity(parts: Parts): Promise<Identity> {
  const { rules, auth, partnerOf, planOf, clock, keepMs, onFailure } = parts;
  await using opening = new AsyncDisposableStack();
  const { keysOf, ready } = openKeys(parts, opening);
  const sessions = auth && opening.use(await openSessions({ ...auth, clock, onUnexpectedError: onFailure }));
  const verify = userTokens({ rules, keysOf, planOf, clock });
  const userOf = knownUsers({ verify, sessionHolds: sessions?.sessionHolds, clock, keepMs });
  const opened = opening.move();
  return {
    identify: identifier({ userOf, partnerOf }),
    ready,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type OpenedKeys = { readonly keysOf: KeysOf; readonly ready: () => boolean };

function openKeys({ keys, rules, clock, onFailure }: Parts, opening: AsyncDisposableStack): OpenedKeys {
  switch (keys.kind) {
    case 'secrets':
      return { keysOf: sharedSecrets(keys.secrets), ready: () => true };
    case 'jwks':
      return opening.use(remoteKeys({ url: keys.url, algorithms: rules.algorithms, clock, onFailure }));
  }
}
