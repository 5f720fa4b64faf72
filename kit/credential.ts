import { z } from 'zod';
import type { Call } from './call.ts';

/** What a call to an upstream proves itself with, when the call does not bring an `Authorization` of its own. */
export type Credential =
  | { readonly kind: 'none' }
  /** The caller's own bearer token, as it came. */
  | { readonly kind: 'passthrough' }
  | { readonly kind: 'bearer'; readonly token: string; readonly header: string }
  | { readonly kind: 'api_key'; readonly location: 'header' | 'query'; readonly name: string; readonly value: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string };

const headerName = z.string().regex(/^[A-Za-z0-9-]+$/, 'is no header name');

/** `auth_type` and `auth_config` of a services file; `location`, `key` and `token` as gateways before this one wrote them. */
export const CredentialEntry = z
  .object({
    auth_type: z.enum(['none', 'passthrough', 'bearer', 'api_key', 'basic']).default('none'),
    auth_config: z
      .strictObject({
        location: z.enum(['header', 'query']).default('header'),
        key: headerName.optional(),
        token: z.string().min(1).optional(),
        username: z.string().min(1).optional(),
        password: z.string().optional(),
      })
      .prefault({}),
  })
  .transform((entry, context): Credential => {
    const missing = (field: string): never => {
      context.issues.push({
        code: 'custom',
        message: `is needed for auth_type ${entry.auth_type}`,
        path: ['auth_config', field],
        input: entry,
      });
      return z.NEVER;
    };
    return credentialOf(entry, missing);
  });

type Entry = {
  readonly auth_type: Credential['kind'];
  readonly auth_config: {
    readonly location: 'header' | 'query';
    readonly key?: string | undefined;
    readonly token?: string | undefined;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
  };
};

function credentialOf({ auth_type: kind, auth_config: config }: Entry, missing: (field: string) => never): Credential {
  switch (kind) {
    case 'none':
    case 'passthrough':
      return { kind };
    case 'bearer':
      return { kind, token: config.token ?? missing('token'), header: config.key ?? 'authorization' };
    case 'api_key':
      return { kind, location: config.location, name: config.key ?? missing('key'), value: config.token ?? missing('token') };
    case 'basic':
      return { kind, username: config.username ?? missing('username'), password: config.password ?? missing('password') };
  }
}

/** Headers that carry the credential. */
export function credentialHeaders(credential: Credential, call: Call): Readonly<Record<string, string>> {
  switch (credential.kind) {
    case 'none':
      return {};
    case 'passthrough':
      return call.authorization === undefined ? {} : { authorization: call.authorization };
    case 'bearer':
      return { [credential.header.toLowerCase()]: `Bearer ${credential.token}` };
    case 'api_key':
      return credential.location === 'header' ? { [credential.name.toLowerCase()]: credential.value } : {};
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}` };
  }
}

/** Query parameters that carry the credential. */
export const credentialQuery = (credential: Credential): Readonly<Record<string, string>> =>
  credential.kind === 'api_key' && credential.location === 'query' ? { [credential.name]: credential.value } : {};
