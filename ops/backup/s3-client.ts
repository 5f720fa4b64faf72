import { setTimeout as pause } from 'node:timers/promises';
import type { AwsV4Signer } from 'aws4fetch';
import { asError } from '#kit/errors.ts';
import type { S3Settings } from './settings.ts';

/** The four things that are asked of a bucket. All reject with an Error that names the status, never a credential. */
export type S3Client = {
  /** @param sha256 of the body, which the server checks */
  readonly put: (key: string, body: Blob, sha256: string) => Promise<void>;
  readonly get: (key: string) => Promise<AsyncIterable<Uint8Array>>;
  /** Every key that begins so. */
  readonly keys: (prefix: string) => Promise<readonly string[]>;
  readonly remove: (key: string) => Promise<void>;
};

type Asked = {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Blob;
  readonly sha256?: string;
};

/** The most that one request may carry. */
const maxPutBytes = 5 * 1024 ** 3;
const maxTries = 3;

/**
 * A bucket by path-style addresses, as AWS and the servers that speak its protocol understand them. aws4fetch signs, in one
 * file without dependencies; the official client brings some hundred packages for these four requests.
 */
export async function s3Client({ endpoint, bucket, retryPauseMs = 500, ...credentials }: S3Settings): Promise<S3Client> {
  // Loaded here, since most backups go to a folder.
  const { AwsV4Signer: Signer } = await import('aws4fetch');
  const ask = async (asked: Asked): Promise<Response> => {
    for (let tries = 1; ; tries++) {
      const response = await send(new Signer(signed(asked, { endpoint, bucket, credentials })), asked.body);
      if (response instanceof Response && response.ok) return response;
      if (tries === maxTries || (response instanceof Response && response.status < 500)) throw await refusal(response, asked);
      await pause(retryPauseMs * tries);
    }
  };
  return {
    async put(key, body, sha256) {
      if (body.size > maxPutBytes) throw new Error(`${key} is larger than 5 GiB, which one request to a bucket cannot carry.`);
      await drained(await ask({ method: 'PUT', path: key, body, sha256 }));
    },
    async get(key) {
      const { body } = await ask({ method: 'GET', path: key });
      if (body === null) throw new Error(`The bucket gave nothing for ${key}.`);
      return body;
    },
    async keys(prefix) {
      const found: string[] = [];
      let token: string | undefined;
      do {
        const query = { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) };
        const page = await (await ask({ method: 'GET', path: '', query })).text();
        found.push(...textsOf(page, 'Key'));
        [token] = textsOf(page, 'NextContinuationToken');
      } while (token !== undefined);
      return found;
    },
    remove: async (key) => drained(await ask({ method: 'DELETE', path: key })),
  };
}

type Target = Pick<S3Settings, 'endpoint' | 'bucket'> & {
  readonly credentials: Pick<S3Settings, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'region'>;
};

function signed({ method, path, query = {}, sha256 }: Asked, { endpoint, bucket, credentials }: Target) {
  const url = new URL(`${endpoint}/${bucket}${path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = sha256 === undefined ? {} : { 'x-amz-content-sha256': sha256 };
  return { method, url: url.href, service: 's3', ...credentials, headers } satisfies ConstructorParameters<typeof AwsV4Signer>[0];
}

/** The answer, or why there is none. */
async function send(signer: AwsV4Signer, body: Blob | undefined): Promise<Response | Error> {
  const { method, url, headers } = await signer.sign();
  try {
    return await fetch(url, { method, headers, redirect: 'error', ...(body !== undefined && { body }) });
  } catch (error) {
    return asError(error);
  }
}

async function refusal(response: Response | Error, { method, path }: Asked): Promise<Error> {
  if (response instanceof Error) return new Error('BACKUP_S3_ENDPOINT: the bucket cannot be reached.', { cause: response });
  const [code = ''] = textsOf(await response.text(), 'Code');
  return new Error(`The bucket refused ${method} ${path || 'of its list'}: status ${response.status} ${code}`.trim());
}

const drained = async (response: Response): Promise<void> => void (await response.arrayBuffer());

/** What stands in the elements of a name; lists of a bucket have no nesting that matters here. */
const textsOf = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity] ?? ''),
  );

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
