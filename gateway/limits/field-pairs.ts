import type { DocumentNode, FieldNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import { fragmentsOf, operationsOf } from './definitions.ts';

type Limits = { readonly maxFieldPairs: number; readonly maxDepth: number };

/**
 * Counts the pairs of fields that stand for the same place in an answer, and the uses of fragments on the way: validation
 * compares the two of each pair (GraphQL, section 5.3.2), so that a short text can keep it busy for a long time.
 * Ends as soon as there are more than `maxFieldPairs`, and at `maxDepth`, below which only a cycle of fragments leads.
 */
export function fieldPairs(document: DocumentNode, { maxFieldPairs: most, maxDepth }: Limits): number {
  const fragments = fragmentsOf(document);
  let pairs = 0;
  const setOf = (name: string, used: Set<string>): SelectionSetNode | undefined => {
    if (pairs > most || used.has(name)) return undefined;
    used.add(name);
    pairs++;
    return fragments.get(name)?.selectionSet;
  };
  const collect = (set: SelectionSetNode | undefined, places: Places, used: Set<string>): void => {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) put(node, places);
      else collect(node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : setOf(node.name.value, used), places, used);
    }
  };
  const count = (sets: readonly SelectionSetNode[], depth: number): void => {
    const places: Places = new Map();
    for (const set of sets) collect(set, places, new Set());
    for (const { fields } of places.values()) pairs += (fields * (fields - 1)) / 2;
    if (depth === maxDepth) return;
    for (const { below } of places.values()) if (below.length > 0 && pairs <= most) count(below, depth + 1);
  };
  for (const { selectionSet } of operationsOf(document)) count([selectionSet], 1);
  return pairs;
}

/** How many fields have a name in the answer, and what is selected below them. */
type Places = Map<string, { fields: number; readonly below: SelectionSetNode[] }>;

function put({ alias, name, selectionSet }: FieldNode, places: Places): void {
  const response = (alias ?? name).value;
  const place = places.get(response) ?? { fields: 0, below: [] };
  place.fields += 1;
  if (selectionSet !== undefined) place.below.push(selectionSet);
  places.set(response, place);
}
