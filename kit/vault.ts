import { Agent, request } from 'undici';
import { z } from 'zod';
import { readNamedFile } from './secret-files.ts';
import type { Environment } from './upstream-settings.ts';

type Options = {
  /** Time of the whole exchange. */
  readonly timeoutMs?: number;
};

const maxBytes = 1024 * 1024;

/** The answer of `GET /v1/<mount>/data/<path>` of the KV secrets engine, version 2. */
const Secret = z.object({
  data: z.object({ data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)) }),
});

/**
 * Reads the variables that Vault holds under VAULT_PATH, a path of a KV engine of version 2 such as
 * `secret/data/gateway`; none without VAULT_ADDR. Follows no redirect.
 * @throws Error with one line that names the variable to look at, and holds neither token nor address
 */
export async function readVault(environment: Environment, { timeoutMs = 5_000 }: Options = {}): Promise<Environment> {
  if (!environment['VAULT_ADDR']) return {};
  const { target, headers } = requestOf(environment);
  const caFile = environment['VAULT_CACERT'];
  const connect = caFile ? { ca: readNamedFile('VAULT_CACERT', caFile) } : {};
  const agent = new Agent({ maxResponseSize: maxBytes, connect });
  try {
    const { statusCode, body } = await request(target, { dispatcher: agent, headers, signal: AbortSignal.timeout(timeoutMs) });
    const text = await body.text();
    if (statusCode !== 200) throw new Refused(refusals[statusCode] ?? `VAULT_ADDR: Vault answered ${statusCode}`);
    return variablesIn(text);
  } catch (cause) {
    if (cause instanceof Refused) throw cause;
    throw new Error(`VAULT_ADDR: Vault cannot be asked (${reasonOf(cause)})`, { cause });
  } finally {
    await agent.destroy();
  }
}

/** What Vault told us, in words of our own. */
class Refused extends Error {}

const refusals: Readonly<Record<number, string>> = {
  400: 'VAULT_PATH: Vault does not understand the request; a path of a KV engine of version 2 has `data` after the mount',
  403: 'VAULT_TOKEN: Vault refuses the token for VAULT_PATH',
  404: 'VAULT_PATH: Vault has no secret there; a path of a KV engine of version 2 has `data` after the mount',
  429: 'VAULT_ADDR: this Vault is a standby',
  503: 'VAULT_ADDR: Vault is sealed or under maintenance',
};

function requestOf(environment: Environment) {
  const base = URL.parse(environment['VAULT_ADDR'] ?? '');
  if (base === null || !/^https?:$/.test(base.protocol)) throw new Error('VAULT_ADDR: is not an http(s) URL');
  if (base.username || base.password) throw new Error('VAULT_ADDR: must not carry a credential');
  const token = needed(environment, 'VAULT_TOKEN');
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('VAULT_TOKEN: is not a token');
  const path = needed(environment, 'VAULT_PATH').replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/');
  const namespace = environment['VAULT_NAMESPACE'];
  const headers = { 'x-vault-token': token, 'x-vault-request': 'true', ...(namespace && { 'x-vault-namespace': namespace }) };
  return { target: new URL(`${base.pathname.replace(/\/+$/, '')}/v1/${path}`, base), headers };
}

function needed(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`${name}: is not set, and VAULT_ADDR needs it`);
  return value;
}

function variablesIn(text: string): Environment {
  try {
    return Secret.parse(JSON.parse(text)).data.data;
  } catch {
    // The cause may quote the secret.
    throw new Refused('VAULT_PATH: the answer is no secret of a KV engine of version 2 whose values are texts');
  }
}

function reasonOf(cause: unknown): string {
  const { name, code } = cause as { readonly name?: string; readonly code?: string };
  return name === 'TimeoutError' ? 'it did not answer in time' : (code ?? 'the connection failed');
}
