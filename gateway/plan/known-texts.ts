import { LRUCache } from 'lru-cache';
import type { Admission, OperationRequest } from '#gateway/request.ts';

/** What a text means, and which of its operations is asked for, as Apollo Server found it. */
type Known = Pick<Admission, 'schema' | 'document' | 'operation'>;

/** Documents are some fifty times as large as their texts, which are counted in characters. */
const most = { texts: 1_000, characters: 500_000 } as const;

type Named = { readonly text: string; readonly name: string | undefined };

export type KnownTexts = {
  readonly keep: (asked: Named, known: Known) => void;
  /** The operation of a request, with its variables; undefined for what is not plain JSON sent by POST, or is not known. */
  readonly find: (request: Pick<OperationRequest, 'method' | 'headers' | 'body'>) => Found | undefined;
};

type Found = Known & Pick<Admission, 'variables'>;

/** Texts that were parsed and validated, by what a request says of them. */
export function knownTexts(): KnownTexts {
  const texts = new LRUCache<string, Map<string | undefined, Known>>({
    max: most.texts,
    maxSize: most.characters,
    sizeCalculation: (_, text) => text.length,
  });
  return {
    keep({ text, name }, known) {
      const named = texts.get(text) ?? new Map<string | undefined, Known>();
      texts.set(text, named.set(name, known));
    },
    find({ method, headers, body }) {
      if (method !== 'POST' || headers['content-type']?.startsWith('application/json') !== true) return undefined;
      const { query, operationName, variables, extensions } = body as Parameters;
      if (extensions != null && 'persistedQuery' in extensions) return undefined;
      const known = query == null ? undefined : texts.get(query)?.get(operationName ?? undefined);
      return known && { ...known, variables: variables ?? {} };
    },
  };
}

/** A JSON body as the listener has read it (gateway/http/body.ts). */
type Parameters = {
  readonly query?: string | null;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly extensions?: Readonly<Record<string, unknown>> | null;
};
