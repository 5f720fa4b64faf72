import { LRUCache } from 'lru-cache';
import { other } from './room.ts';

/** What an operation calls itself, and whether somebody of ours registered it under that name. */
export type OperationName = { readonly name: string; readonly isRegistered: boolean };

type Options = {
  /** Most names that ever stand in metrics. */
  readonly max?: number;
  /** Uses after which a name that nobody registered is one of the top. */
  readonly proven?: number;
  /** Names that are being counted at once; of further ones the longest unused is forgotten. */
  readonly candidates?: number;
};

/**
 * Decides which operation names stand in metrics: those that are registered, and those that come often, as long as there is
 * room. A name keeps its place, because counters must not fall; whoever makes up names stays among the others.
 */
export function operationNames({ max = 100, proven = 50, candidates = 1_000 }: Options = {}) {
  const named = new Set<string>();
  const uses = new LRUCache<string, number>({ max: candidates });
  return (operation: OperationName | undefined): string => {
    if (operation === undefined || operation.name === '') return other;
    const { name, isRegistered } = operation;
    if (named.has(name)) return name;
    if (named.size >= max) return other;
    const count = (uses.get(name) ?? 0) + 1;
    if (!isRegistered && count < proven) {
      uses.set(name, count);
      return other;
    }
    uses.delete(name);
    named.add(name);
    return name;
  };
}
