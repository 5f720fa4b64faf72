import { createHash } from 'node:crypto';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';

/** One operation to plan. */
export type Asked = {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Stands for the document's text, such as its SHA-256. */
  readonly hash: string;
};

/**
 * The key under which the gateway library looks for a plan: the document's hash, hashed again with the operation's name
 * where it has one. It is computed once for each document.
 */
export function planKeys(): (asked: Asked) => string {
  const known = new WeakMap<DocumentNode, Map<string, string>>();
  return ({ document, operation, hash }) => {
    const name = operation.name?.value;
    if (name === undefined) return hash;
    const keys = known.get(document) ?? new Map<string, string>();
    const found = keys.get(name);
    if (found !== undefined) return found;
    const key = createHash('sha256').update(hash).update(name).digest('hex');
    known.set(document, keys.set(name, key));
    return key;
  };
}
