import type { TypeNode } from 'graphql';
import { Kind } from 'graphql';

/** The name that stands within lists and `!`. */
export const namedType = (node: TypeNode): string => (node.kind === Kind.NAMED_TYPE ? node.name.value : namedType(node.type));

/** How many lists stand in each other. */
export function listsOf(node: TypeNode): number {
  if (node.kind === Kind.NAMED_TYPE) return 0;
  return listsOf(node.type) + (node.kind === Kind.LIST_TYPE ? 1 : 0);
}
