import { isUuid } from '#kit/ids.ts';

/**
 * The session a token belongs to, its `jti`. The signature is not looked at: the auth service sees the same token and
 * decides whether it holds.
 */
export function sessionOf(authorization: string): string | undefined {
  const [, payload = ''] = authorization.split('.');
  try {
    const id: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))?.jti;
    return typeof id === 'string' && isUuid(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
