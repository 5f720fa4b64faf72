import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Caller } from '#kit/caller.ts';
import { systemClock } from '#kit/clock.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { ReachableSettings } from '#kit/upstream-settings.ts';
import { urlVariable } from '#kit/upstream-settings.ts';
import type { OnServices } from '#kit/upstreams.ts';
import type { Breakers } from '#ops/breakers.ts';
import type { Config } from './config.ts';
import type { Identity, TokenKeys } from './identity/open-identity.ts';
import { openIdentity } from './identity/open-identity.ts';
import type { Organizations } from './organizations/open-organizations.ts';

type Parts = {
  /** The auth service as the subgraph of this process reaches it. */
  readonly auth: ReachableSettings | undefined;
  readonly onServices: OnServices;
  readonly organizations: Pick<Organizations, 'keyring' | 'store' | 'refusals'>;
  /** True when the sandbox stands in for it. */
  readonly sandboxed: boolean;
  readonly logger: Logger;
  /** Knows when the auth service was last found well, and hears when it is not. */
  readonly breakers: Pick<Breakers, 'suspect' | 'wellAt'>;
};

export type Callers = Omit<Identity, 'identify'> & { readonly identify: (request: FastifyRequest) => Promise<Caller> };

/** How callers become known: people by the tokens of the auth service, organizations by their keys. */
export async function openCallers(
  config: Config,
  { auth, onServices, organizations, sandboxed, logger, breakers }: Parts,
): Promise<Callers> {
  const { keys, rules, keepMs } = config.identity;
  const settings = sessionService(config, auth);
  if (settings === undefined && keys.kind === 'secrets')
    logger.warn('sessions are not checked: a token is good until it expires, also after a logout');
  const identity = await openIdentity({
    rules,
    keepMs,
    keys: sandboxed ? withDevelopmentSecret(keys) : keys,
    auth: settings && {
      settings,
      onServices,
      wellAt: breakers.wellAt,
      onBreakerChange(service, state) {
        breakers.suspect(service, state !== 'closed');
        logger.warn({ service, state }, 'circuit breaker of session checks');
      },
    },
    partnerOf: organizations.keyring.authenticate,
    planOf: async (id) => (await organizations.store.organization(id))?.plan ?? 'default',
    clock: systemClock,
    onFailure: (error) => logger.error({ err: error, reason: error }, 'credentials cannot be checked'),
  });
  return { ...identity, identify: organizations.refusals.watching(identity.identify) };
}

/** The auth service that is asked whether sessions stand, where one is to be asked. */
function sessionService({ identity, upstreams }: Config, local: Parts['auth']): Parts['auth'] {
  if (identity.sessionCheck === 'off') return undefined;
  const { url } = upstreams.auth;
  const auth = local ?? (url === undefined ? undefined : { ...upstreams.auth, url });
  if (auth === undefined && identity.sessionCheck === 'on')
    throw new Error(`${urlVariable('auth')}: no URL is set, and SESSION_CHECK=on needs the auth service.`);
  return auth;
}

/** The sandbox signs with its own secret, whichever is set for a real auth service. */
const withDevelopmentSecret = (keys: TokenKeys): TokenKeys =>
  keys.kind === 'secrets' ? { ...keys, secrets: [...keys.secrets, developmentSecrets.JWT_SECRET_KEY] } : keys;
