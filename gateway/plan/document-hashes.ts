import { createHash } from 'node:crypto';
import type { DocumentNode } from 'graphql';
import { print } from 'graphql';

/** Tells documents apart by a SHA-256 in hex: that of the client's text where it is kept here, else that of the printed document. */
export type DocumentHashes = {
  readonly keep: (document: DocumentNode, hash: string) => void;
  readonly of: (document: DocumentNode) => string;
};

/** The planner keeps plans by hash: a changed document may not take the plan of the client's text. */
export function documentHashes(): DocumentHashes {
  const hashes = new WeakMap<DocumentNode, string>();
  return {
    keep: (document, hash) => void hashes.set(document, hash),
    of(document) {
      const known = hashes.get(document);
      if (known !== undefined) return known;
      const hash = createHash('sha256').update(print(document)).digest('hex');
      hashes.set(document, hash);
      return hash;
    },
  };
}
