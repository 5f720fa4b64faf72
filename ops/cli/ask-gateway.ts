import { UsageError } from './command.ts';

/** Which gateway is asked, and as whom. */
export const gatewayOptions = {
  url: { type: 'string', default: 'http://127.0.0.1:8000/graphql' },
  key: { type: 'string' },
  token: { type: 'string' },
} as const;

export type Asking = { readonly url: string; readonly key?: string | undefined; readonly token?: string | undefined };

type Answered = { readonly status: number; readonly headers: Headers; readonly answer: object };

/** Posts one operation. @throws UsageError where no gateway answers */
export async function askGateway({ url, key, token }: Asking, body: object): Promise<Answered> {
  const headers = {
    'content-type': 'application/json',
    ...(key !== undefined && { 'x-api-key': key }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  try {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, headers: response.headers, answer: (await response.json()) as object };
  } catch (cause) {
    throw new UsageError(`There is no gateway at ${url}; start one with: npm start`, { cause });
  }
}
