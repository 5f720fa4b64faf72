import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { Kind } from 'graphql';

type Asked = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

const known = new WeakMap<readonly FieldNode[], ReadonlySet<string>>();

/** Whether one of these fields is asked for anywhere below a field; one that a condition leaves out counts as asked for. */
export function asksFor(asked: Asked, names: readonly string[]): boolean {
  const kept = known.get(asked.fieldNodes);
  const below = kept ?? namesBelow(asked);
  if (kept === undefined) known.set(asked.fieldNodes, below);
  return names.some((name) => below.has(name));
}

function namesBelow({ fieldNodes, fragments }: Asked): ReadonlySet<string> {
  const names = new Set<string>();
  // A set is walked in the order in which it grows, to its end.
  const sets = new Set(fieldNodes.map(({ selectionSet }) => selectionSet));
  for (const set of sets) {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) names.add(node.name.value);
      sets.add(node.kind === Kind.FRAGMENT_SPREAD ? fragments[node.name.value]?.selectionSet : node.selectionSet);
    }
  }
  return names;
}
