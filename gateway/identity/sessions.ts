import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { stranger } from '#kit/caller.ts';
import { ExpectedError, unauthenticated } from '#kit/errors.ts';
import type { Decoder } from '#kit/rest-client.ts';
import type { ReachableSettings } from '#kit/upstream-settings.ts';
import type { OnServices, UpstreamsParts } from '#kit/upstreams.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { SessionHolds } from './known-users.ts';

export type Sessions = AsyncDisposable & { readonly sessionHolds: SessionHolds };

export type SessionParts = UpstreamsParts & {
  /** How the auth service is reached. */
  readonly settings: ReachableSettings;
  readonly onServices?: OnServices | undefined;
};

const Answer = z.object({ data: z.object({ valid: z.boolean() }) });
const Refusal = z.object({ error: z.object({ code: z.string() }) });

/** How the auth service says that a token is worth nothing (contract section 1.1); any other refusal is of us, not of the token. */
const endings = new Set(['JWT_ERROR', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'SESSION_EXPIRED', 'SESSION_NOT_FOUND']);

const timeoutMs = 2_000;

/** Asks the auth service whether sessions still stand: `POST /validate/token`. */
export async function openSessions({ settings, onServices, ...parts }: SessionParts): Promise<Sessions> {
  const upstreams = await openUpstreams(new Map([['auth', quick(settings)]]), parts);
  onServices?.((changed) => {
    const auth = changed.get('auth');
    if (auth !== undefined) upstreams.replace(new Map([['auth', quick(auth)]]));
  });
  return {
    async sessionHolds(token, signal) {
      const client = upstreams.to('auth').forCall({ requestId: randomUUID(), signal, caller: stranger }, { decode });
      try {
        const authorization = 'Service service_gateway';
        const { data } = await client.send('POST', '/validate/token', { answer: Answer, authorization, body: { token } });
        return data.valid;
      } catch (error) {
        if (error instanceof ExpectedError && error.code === 'UNAUTHENTICATED') return false;
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => upstreams[Symbol.asyncDispose](),
  };
}

const quick = (settings: ReachableSettings): ReachableSettings => ({
  ...settings,
  timeoutMs: Math.min(settings.timeoutMs, timeoutMs),
});

const decode: Decoder = ({ body }) => {
  const code = Refusal.safeParse(readJson(body)).data?.error.code;
  return code !== undefined && endings.has(code) ? unauthenticated() : undefined;
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
