import { z } from 'zod';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { ProcessVariables } from './process.ts';
import type { Values } from './values.ts';
import { list } from './values.ts';

/** How it is known who is calling, and what a stranger may do. */
export const identityVariables = {
  /** Secret that the auth service signs tokens with (HS256); JWT_SECRET is another name for it. The one before it goes on for as long as it is set. */
  JWT_SECRET_KEY: z.string().optional(),
  JWT_SECRET: z.string().optional(),
  JWT_SECRET_KEY_PREVIOUS: z.string().optional(),
  /** Address of the public keys of another issuer (RS256, ES256), in place of the secret. */
  JWT_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Accepted algorithms, comma-separated; HS256, or with JWT_JWKS_URL RS256,ES256. */
  JWT_ALGORITHMS: list.pipe(z.array(z.enum(['HS256', 'RS256', 'ES256'])).min(1)).optional(),
  /** What a token must name as its issuer and its audience. */
  JWT_ISSUER: z.string().default('auth-service'),
  JWT_AUDIENCE: z.string().default('lab-management-system'),
  /** Whether the auth service is asked if a token's session still stands; on where there is one and it issues the tokens. */
  SESSION_CHECK: z.enum(['on', 'off']).optional(),
  /** How long a token is believed without asking again, in seconds. */
  SESSION_CHECK_SECONDS: z.coerce.number().min(0).max(30).default(30),
  /** Root fields that need no credential, comma-separated, such as Mutation.login; `*` for all. Of a foreign supergraph none. */
  PUBLIC_FIELDS: list
    .pipe(z.array(z.string().regex(/^(\*|(Query|Mutation)\.[_A-Za-z]\w*)$/, 'is no field such as Query.status')))
    .optional(),
  /** What becomes of an operation that asks for more than its caller may see: those fields are null with an error, or all is refused. */
  AUTHORIZATION_MODE: z.enum(['filter', 'reject']).default('filter'),
};

type Variables = Values<typeof identityVariables>;

/** Root fields of the built-in supergraph by which somebody comes to have a credential (design section 4). */
const publicFields = ['login', 'refreshSession', 'register', 'requestPasswordReset', 'resetPassword', 'verifyEmail'].map(
  (field) => `Mutation.${field}`,
);

type Surroundings = {
  /** Organization of users whose token names none. */
  readonly laboratory: string;
  /** Whether the supergraph is not the built-in one. */
  readonly foreign: boolean;
};

export function identitySettings(variables: Variables & ProcessVariables, { laboratory, foreign }: Surroundings) {
  const {
    ENVIRONMENT,
    JWT_JWKS_URL: url,
    JWT_ALGORITHMS: algorithms = url === undefined ? ['HS256'] : ['RS256', 'ES256'],
  } = variables;
  // A public key that also passed as a secret would let everybody sign.
  if (algorithms.includes('HS256') !== (url === undefined) || (url === undefined && algorithms.length > 1))
    throw new Error('JWT_ALGORITHMS: HS256 goes with JWT_SECRET_KEY, RS256 and ES256 go with JWT_JWKS_URL.');
  return {
    keys: url === undefined ? { kind: 'secrets' as const, secrets: tokenSecrets(variables) } : { kind: 'jwks' as const, url },
    rules: Object.freeze({
      algorithms,
      issuer: variables.JWT_ISSUER,
      audience: variables.JWT_AUDIENCE,
      defaultOrganization: laboratory,
    }),
    /** `auto` where it follows from there being an auth service. */
    sessionCheck: variables.SESSION_CHECK ?? (url === undefined ? 'auto' : 'off'),
    keepMs: variables.SESSION_CHECK_SECONDS * 1_000,
    publicFields: new Set(variables.PUBLIC_FIELDS ?? (foreign ? [] : publicFields)),
    openIntrospection: ENVIRONMENT === 'development',
  };
}

/** The secret in use and the one before it. */
function tokenSecrets({ JWT_SECRET_KEY, JWT_SECRET, JWT_SECRET_KEY_PREVIOUS }: Variables): readonly string[] {
  const current = JWT_SECRET_KEY ?? JWT_SECRET ?? developmentSecrets.JWT_SECRET_KEY;
  return [current, JWT_SECRET_KEY_PREVIOUS].filter((secret) => secret !== undefined);
}
