import { LRUCache } from 'lru-cache';
import type { OperationRequest, RequestContext, RequestLayer } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError, unauthenticated } from '#kit/errors.ts';
import type { AskedText, Reference } from './asked-text.ts';
import { readAsked, withText } from './asked-text.ts';
import type { RegisteredOperation } from './manifest.ts';
import { sha256 } from './manifest.ts';
import type { Registry } from './registry.ts';
import type { TextStore } from './text-store.ts';

/** An operation that ran though nobody registered it; `hash` is the SHA-256 of its text in hex. */
export type Unregistered = { readonly organization: string; readonly hash: string; readonly text: string };

type Parts = {
  /** Whether operations that are not registered run, run and are reported, or do not run; `registry` is empty when `off`. */
  readonly mode: 'off' | 'log' | 'enforce';
  readonly registry: Registry;
  /** Texts that clients sent with their hash, and may name by it later. */
  readonly texts: TextStore;
  /** Hears of each such text once. */
  readonly onUnregistered: (found: Unregistered) => void;
  /** Books what a refused request costs; may refuse it for a reason of its own. */
  readonly onRefusal?: (context: RequestContext) => Promise<unknown>;
};

/** Reports that are remembered, so that they are not made again. */
const maxReports = 10_000;

/**
 * Finds the text of an operation that is named by hash or id, and holds texts against the registered ones. What comes after
 * it sees texts only. Strangers may name registered operations and leave nothing behind; whatever they are refused for,
 * they are told what all strangers are told.
 */
export function operationTexts(parts: Parts): RequestLayer {
  const { mode, onRefusal } = parts;
  const report = reporter(parts);
  return (next) => async (request) => {
    const { context } = request;
    const { caller } = context.call;
    const { asked, text, operation } = await find(request, parts).catch(async (error: unknown) => {
      await onRefusal?.(context);
      throw caller.kind === 'anonymous' ? unauthenticated() : error;
    });
    if (text === undefined) return next(request);
    if (operation !== undefined) context.outcome.registered = operation.name;
    const answer = await next(asked.reference === undefined ? request : withText(request, text));
    if (mode === 'log' && operation === undefined) report(context, text);
    return answer;
  };
}

type Found = {
  readonly asked: AskedText;
  readonly text: string | undefined;
  readonly operation: RegisteredOperation | undefined;
};

/** @throws ExpectedError BAD_REQUEST, FORBIDDEN, PERSISTED_QUERY_NOT_FOUND */
async function find(request: OperationRequest, { mode, registry, texts }: Parts): Promise<Found> {
  const { caller } = request.context.call;
  const asked = readAsked(request);
  const { text, reference } = asked;
  const operation =
    reference === undefined
      ? registry.findByText(caller.organization, text ?? '')
      : registry.findById(caller.organization, reference.value);
  if (operation !== undefined) {
    if (text !== undefined && text !== operation.text) throw mismatch();
    return { asked, text: operation.text, operation };
  }
  if (reference === undefined && text === undefined) return { asked, text, operation };
  if (mode === 'enforce') throw new ExpectedError('FORBIDDEN', 'This operation is not registered, and only registered ones run.');
  return { asked, text: reference === undefined ? text : kept(asked, reference, { caller, texts }), operation };
}

type Keeping = { readonly caller: Caller; readonly texts: TextStore };

/** Automatic persisted queries: a text that came with its hash once is found by the hash from then on. */
function kept({ text }: AskedText, { kind, value }: Reference, { caller, texts }: Keeping): string {
  if (text === undefined || kind === 'id') {
    const known = kind === 'id' ? undefined : texts.find(caller.organization, value);
    // Older clients go by this message, newer ones by the code.
    if (known === undefined) throw new ExpectedError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
    return known;
  }
  if (sha256(text) !== value) throw mismatch();
  if (caller.kind !== 'anonymous') texts.keep(caller.organization, value, text);
  return text;
}

const mismatch = (): ExpectedError =>
  new ExpectedError('BAD_REQUEST', 'The query is not the one that extensions.persistedQuery stands for.');

/** Tells of what could run, once for each text. */
function reporter({ onUnregistered }: Parts): (context: RequestContext, text: string) => void {
  const reported = new LRUCache<string, true>({ max: maxReports });
  return ({ call: { caller }, outcome }, text) => {
    if (!outcome.accepted || outcome.refusedText || (caller.kind === 'anonymous' && !outcome.isPublic)) return;
    const hash = sha256(text);
    const key = `${caller.organization} ${hash}`;
    if (reported.has(key)) return;
    reported.set(key, true);
    onUnregistered({ organization: caller.organization, hash, text });
  };
}
