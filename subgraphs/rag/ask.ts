import { createHash } from 'node:crypto';
import type { Caller } from '#kit/caller.ts';
import { checked, text } from '#kit/input.ts';
import type { RagContext } from './context.ts';
import type { Answer } from './writes.ts';

type Asked = { readonly query: string; readonly sessionId?: string | null };
type Answered = Answer & { readonly sessionId: string | null };

const Query = text(1, 2_000);
const SessionId = text(1, 128).nullish();

export async function askLab(_: unknown, given: Asked, { writes, call }: RagContext): Promise<Answered> {
  const query = checked(Query, given.query, 'query');
  const sessionId = checked(SessionId, given.sessionId, 'sessionId') ?? null;
  return { ...(await writes.ask({ query, session: sessionOf(call.caller, sessionId) })), sessionId };
}

/** The service knows no callers and puts all who name no session into one; sessions of different callers must not meet. */
const sessionOf = ({ kind, organization, subject }: Caller, sessionId: string | null): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, organization, subject, sessionId]))
    .digest('base64url');
