import type { FieldNode, FragmentDefinitionNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';
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
  const spread = new Set<FragmentDefinitionNode>();
  const visit = (set: SelectionSetNode | undefined): void => {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) names.add(node.name.value);
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments[node.name.value] : undefined;
      if (fragment !== undefined && spread.has(fragment)) continue;
      if (fragment !== undefined) spread.add(fragment);
      visit(node.kind === Kind.FRAGMENT_SPREAD ? fragment?.selectionSet : node.selectionSet);
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet);
  return names;
}
