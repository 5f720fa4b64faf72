import type { UpstreamUnderTest } from './upstream.ts';
import { startUpstream } from './upstream.ts';

type Vault = {
  readonly token: string;
  /** Secrets by their API path, such as `/v1/secret/data/gateway`. */
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
  readonly sealed?: true;
};

/** Speaks as much of Vault's HTTP API as reading a KV secret of version 2 takes, refusals included. */
export function startVault({ token, secrets, namespace, sealed }: Vault): Promise<UpstreamUnderTest> {
  return startUpstream(({ method, url = '', headers }, response) => {
    const answer = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const secret = Object.hasOwn(secrets, url) && headers['x-vault-namespace'] === namespace ? secrets[url] : undefined;
    if (sealed) answer(503, { errors: ['Vault is sealed'] });
    else if (headers['x-vault-token'] !== token) answer(403, { errors: ['permission denied'] });
    else if (method !== 'GET') answer(405, { errors: ['unsupported operation'] });
    else if (secret === undefined) answer(404, { errors: [] });
    else answer(200, { lease_id: '', data: { data: secret, metadata: { version: 3, destroyed: false } } });
  });
}
