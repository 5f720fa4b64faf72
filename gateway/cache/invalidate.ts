import type { Invalidation } from '#kit/invalidation.ts';
import type { Tag } from './tags.ts';
import { entityTag, formattedTag, organizationTag, someTag, subgraphTag, typeTags } from './tags.ts';

/** The tags that an invalidation raises. */
export function tagsOf(what: Invalidation, namespaceOf: (organization: string) => string): readonly Tag[] {
  switch (what.kind) {
    case 'entity':
      return [entityTag(what.type, what.key), someTag(what.type)];
    case 'type':
      return typeTags(what.type);
    case 'tag':
      return [formattedTag(what.tag)];
    case 'subgraph':
      return [subgraphTag(what.subgraph)];
    case 'organization':
      return [organizationTag(namespaceOf(what.organization))];
  }
}
