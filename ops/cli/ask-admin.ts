import { readVariable } from '#kit/secret-files.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { UsageError } from './command.ts';

/** Which listener for operators is asked, and what proves that one may ask. */
export const adminOptions = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const adminHelp = `  --url    listener for operators (http://127.0.0.1:9090, or as ADMIN_HOST and ADMIN_PORT say)
  --token  ADMIN_TOKEN of the gateway (that of the environment)`;

export type Admin = { readonly url: string; readonly token: string | undefined };

type Given = { readonly url?: string | undefined; readonly token?: string | undefined };

/** The words of the person, else the variables that the gateway itself reads. */
export const adminOf = ({ url, token }: Given, environment: Environment): Admin => ({
  url: new URL(url ?? `http://${hostOf(environment)}:${environment['ADMIN_PORT'] || 9_090}`).origin,
  token: token ?? readVariable(environment, 'ADMIN_TOKEN'),
});

/** Who listens everywhere is asked here. */
function hostOf({ ADMIN_HOST: host }: Environment): string {
  if (!host || host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

type Question = { readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'; readonly path: string; readonly body?: object };

type Refusal = { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> };

/** An answer of another status than 2xx; its message is the listener's own. */
export class AdminRefusal extends Error {
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor({ message, extensions }: Refusal) {
    super(message);
    this.extensions = extensions;
  }
}

/** Asks the listener for operators. @throws AdminRefusal, or UsageError where there is none */
export async function askAdmin<Answer>({ url, token }: Admin, { method, path, body }: Question): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  }).catch((cause: unknown) => {
    throw new UsageError(`Nobody listens for operators at ${url}; the banner of a gateway names the address.`, { cause });
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as Answer;
  throw refused(text, response.status, token !== undefined);
}

function refused(text: string, status: number, hasToken: boolean): Error {
  if (status === 401 && !hasToken) return new UsageError('This needs --token, or ADMIN_TOKEN in the environment.');
  const [error] = errorsOf(text);
  if (error === undefined) return new Error(`It answered ${status}, which is no answer of a gateway.`);
  if (status === 404 && error.message.startsWith('There is nothing'))
    return new Error('This gateway has no such route: it runs without ADMIN_TOKEN, or without what is asked for.');
  return new AdminRefusal(error);
}

function errorsOf(text: string): readonly Refusal[] {
  try {
    return (JSON.parse(text) as { readonly errors?: readonly Refusal[] }).errors ?? [];
  } catch {
    return [];
  }
}
