import { z } from 'zod';
import type { OperationRequest } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

/** What a request says of its text. */
export type AskedText = {
  /** Absent where a reference stands for it. */
  readonly text: string | undefined;
  /** Hash or id of a text that the gateway is to know. */
  readonly reference: Reference | undefined;
};

export type Reference = { readonly kind: 'hash' | 'id'; readonly value: string };

/** Apollo's automatic persisted queries, version 1; `id` names an operation of a manifest by what is no hash. */
const PersistedQuery = z.union([
  z.object({ version: z.literal(1), sha256Hash: z.string().min(1).max(256) }),
  z.object({ version: z.literal(1), id: z.string().min(1).max(256) }),
]);

/** @throws ExpectedError BAD_REQUEST when the extension is there and cannot be understood */
export function readAsked(request: OperationRequest): AskedText {
  const { query, extensions } = request.method === 'GET' ? inSearch(request) : inBody(request);
  return { text: typeof query === 'string' ? query : undefined, reference: referenceIn(extensions) };
}

function referenceIn(extensions: unknown): Reference | undefined {
  const given = isRecord(extensions) ? extensions['persistedQuery'] : undefined;
  if (given === undefined || given === null) return undefined;
  const parsed = PersistedQuery.safeParse(given);
  if (!parsed.success)
    throw new ExpectedError('BAD_REQUEST', 'extensions.persistedQuery must have version 1 and a sha256Hash or an id.');
  return 'id' in parsed.data ? { kind: 'id', value: parsed.data.id } : { kind: 'hash', value: parsed.data.sha256Hash };
}

/** The request with its text in place of the reference, as those want it who know nothing of references. */
export function withText(request: OperationRequest, text: string): OperationRequest {
  if (request.method !== 'GET') {
    const { extensions, ...body } = inBody(request);
    return { ...request, body: { ...body, query: text, extensions: withoutReference(extensions) } };
  }
  const search = searchOf(request);
  search.set('query', text);
  search.set('extensions', JSON.stringify(withoutReference(inSearch(request).extensions)));
  return { ...request, url: `${pathOf(request)}?${search}` };
}

function withoutReference(extensions: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(extensions)) return {};
  const { persistedQuery: _, ...others } = extensions;
  return others;
}

const inBody = ({ body }: OperationRequest): Readonly<Record<string, unknown>> => (isRecord(body) ? body : {});

/** What cannot be read is left to those who refuse it. */
function inSearch(request: OperationRequest): { readonly query: string | undefined; readonly extensions: unknown } {
  const search = searchOf(request);
  return { query: search.get('query') ?? undefined, extensions: parsed(search.get('extensions')) };
}

function parsed(json: string | null): unknown {
  try {
    return json === null ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

const pathOf = ({ url }: OperationRequest): string => url.split('?', 1)[0] ?? url;

const searchOf = (request: OperationRequest): URLSearchParams => new URLSearchParams(request.url.slice(pathOf(request).length));

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
