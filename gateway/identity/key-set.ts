import type { JWK } from 'jose';
import { importJWK } from 'jose';
import { z } from 'zod';
import type { RestResponse } from '#kit/rest-transport.ts';

/** A public key by its id, good for one algorithm. */
type PublicKey = { readonly algorithm: string; readonly key: CryptoKey };

export type KeySet = ReadonlyMap<string, PublicKey>;

const Document = z.object({ keys: z.array(z.unknown()).max(100) });

/** What makes a key usable here: an id, a use that is no other than signing, a type of ours. */
const UsableKey = z
  .looseObject({
    kid: z.string().min(1).max(256),
    kty: z.enum(['RSA', 'EC']),
    use: z.literal('sig').optional(),
    alg: z.string().optional(),
    crv: z.string().optional(),
  })
  .transform((key) => ({ ...key, alg: key.alg ?? (key.kty === 'RSA' ? 'RS256' : 'ES256') }));

/**
 * Reads a JSON Web Key Set (RFC 7517). Keys for anything but `algorithms` are left out, those that cannot be read too.
 * @throws Error when the answer is no key set or holds no key for us
 */
export async function readKeySet({ status, headers, body }: RestResponse, algorithms: readonly string[]): Promise<KeySet> {
  if (status !== 200) throw new Error(`The key set was answered with status ${status}.`);
  if (!/\bjson\b/i.test(String(headers['content-type']))) throw new Error('The key set is not JSON.');
  const { keys } = Document.parse(JSON.parse(body));
  const usable = keys
    .map((key) => UsableKey.safeParse(key).data)
    .filter((key) => key !== undefined && algorithms.includes(key.alg));
  const read = await Promise.all(usable.map(imported));
  const set = new Map(read.flatMap((entry) => (entry === undefined ? [] : [entry])));
  if (set.size === 0) throw new Error('The key set has no key for the accepted algorithms.');
  return set;
}

async function imported(jwk: z.infer<typeof UsableKey> | undefined): Promise<readonly [string, PublicKey] | undefined> {
  if (jwk === undefined) return undefined;
  const { kid, alg } = jwk;
  try {
    const key = await importJWK(jwk as JWK, alg);
    return key instanceof CryptoKey && key.type === 'public' ? [kid, { algorithm: alg, key }] : undefined;
  } catch {
    return undefined;
  }
}
