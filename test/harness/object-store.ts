import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type ObjectStoreUnderTest = AsyncDisposable & {
  readonly url: string;
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, Buffer>;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Answers so many requests with 503 before it works again. */
  readonly fail: (requests: number) => void;
};

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** A server that speaks as much of S3 as a backup needs, and believes no request whose signature it cannot make itself. */
export async function startObjectStore(): Promise<ObjectStoreUnderTest> {
  const objects = new Map<string, Buffer>();
  const accessKeyId = 'AKIDEXAMPLE';
  const secretAccessKey = crypto.randomUUID();
  let failing = 0;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const declared = request.headers['x-amz-content-sha256'];
    if (failing-- > 0) refuse(response, 503, 'SlowDown');
    else if (!isSigned(request, { accessKeyId, secretAccessKey })) refuse(response, 403, 'SignatureDoesNotMatch');
    else if (declared !== 'UNSIGNED-PAYLOAD' && declared !== sha256(body)) refuse(response, 400, 'XAmzContentSHA256Mismatch');
    else serve({ request, response, body, objects });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    accessKeyId,
    secretAccessKey,
    fail(requests) {
      failing = requests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly objects: Map<string, Buffer>;
};

function serve({ request, response, body, objects }: Exchange): void {
  const url = new URL(request.url ?? '', 'http://store');
  const place = decodeURIComponent(url.pathname.slice(1));
  const found = objects.get(place);
  if (request.method === 'PUT') objects.set(place, body);
  if (request.method === 'DELETE') objects.delete(place);
  if (url.searchParams.has('list-type')) list(url, { response, objects });
  else if (request.method !== 'GET') response.writeHead(request.method === 'PUT' ? 200 : 204).end();
  else if (found === undefined) refuse(response, 404, 'NoSuchKey');
  else response.end(found);
}

/** Pages of three, so that nobody forgets to turn them. */
function list(url: URL, { response, objects }: Pick<Exchange, 'response' | 'objects'>): void {
  const start = `${url.pathname.slice(1)}/${url.searchParams.get('prefix')}`;
  const keys = [...objects.keys()].filter((key) => key.startsWith(start)).toSorted();
  const from = Number(url.searchParams.get('continuation-token') ?? 0);
  const page = keys.slice(from, from + 3).map((key) => `<Contents><Key>${key.slice(key.indexOf('/') + 1)}</Key></Contents>`);
  const next = from + 3 < keys.length ? `<NextContinuationToken>${from + 3}</NextContinuationToken>` : '';
  response.end(`<?xml version="1.0"?><ListBucketResult>${page.join('')}${next}</ListBucketResult>`);
}

const refuse = (response: ServerResponse, status: number, code: string): void =>
  void response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);

type Credentials = Pick<ObjectStoreUnderTest, 'accessKeyId' | 'secretAccessKey'>;

/** Signature version 4, by the steps of its description. */
function isSigned({ method, url = '', headers }: IncomingMessage, { accessKeyId, secretAccessKey }: Credentials): boolean {
  const given =
    /Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})/.exec(
      headers.authorization ?? '',
    );
  const [, id, scope = '', date = '', region = '', signedHeaders = '', signature = ''] = given ?? [];
  if (id !== accessKeyId || !signedHeaders.split(';').includes('host')) return false;
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query.split('&').toSorted().join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${headers[name]}`),
    '',
    signedHeaders,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secretAccessKey}`, date), region));
  return timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex'));
}
