import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { Kind, parse, print } from 'graphql';
import { linksOf } from '#kit/links.ts';

/**
 * The supergraph as Apollo's planner takes it. The planner refuses every link with a purpose (`for: SECURITY` or
 * `EXECUTION`) that it does not implement itself; the purpose is left out for the features that this gateway implements
 * beside the planner, and for no others, so that an unknown one still stops the start.
 */
export function plannerSdl(sdl: string, implemented: ReadonlySet<string>): string {
  const document = parse(sdl, { noLocation: true });
  const ours = new Set(linksOf(document).flatMap(({ url, node }) => (implemented.has(url) ? [node] : [])));
  return ours.size === 0 ? sdl : print(withoutPurpose(document, ours));
}

const withoutPurpose = (document: DocumentNode, links: ReadonlySet<ConstDirectiveNode>): DocumentNode => ({
  ...document,
  definitions: document.definitions.map((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? { ...node, directives: (node.directives ?? []).map((link) => (links.has(link) ? purposeless(link) : link)) }
      : node,
  ),
});

const purposeless = (link: ConstDirectiveNode): ConstDirectiveNode => ({
  ...link,
  arguments: (link.arguments ?? []).filter(({ name }) => name.value !== 'for'),
});
