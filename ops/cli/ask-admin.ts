import type { Environment } from '#kit/upstream-settings.ts';
import { UsageError } from './command.ts';

/** Which gateway's listener for operators is asked. */
export const adminOptions = { 'admin-url': { type: 'string', default: 'http://127.0.0.1:9090' } } as const;

type Asked = { readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'; readonly path: string; readonly body?: object };

type Asking = { readonly url: string; readonly environment: Environment };

/** Asks as `ADMIN_TOKEN` allows. @throws UsageError where nobody answers, Error with what was refused and why */
export async function askAdmin({ url, environment }: Asking, { method = 'GET', path, body }: Asked): Promise<object> {
  const { ADMIN_TOKEN: token } = environment;
  if (!token) throw new UsageError('ADMIN_TOKEN: is not set; it is the one that the gateway was started with.');
  const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
  const asked = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await fetch(new URL(path, url), asked).catch((cause: unknown) => {
    throw new UsageError(`Nobody listens for operators at ${url}; --admin-url says where.`, { cause });
  });
  const answer = (await response.json().catch(() => ({}))) as { readonly errors?: readonly { readonly message: string }[] };
  if (response.ok) return answer;
  throw new Error(answer.errors?.[0]?.message ?? `${path} answered status ${response.status}.`);
}
