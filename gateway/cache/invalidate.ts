import { z } from 'zod';
import type { Tag } from './tags.ts';
import { entityTag, formattedTag, organizationTag, someTag, subgraphTag, typeTags } from './tags.ts';

const name = z.string().min(1).max(256);

/** What may be asked to be fetched anew, as administrators and services say it. */
export const Invalidation = z.discriminatedUnion('kind', [
  /** One entity by one of its keys, such as `{ id: "5" }`; ids are texts. */
  z.strictObject({ kind: z.literal('entity'), type: name, key: z.record(name, z.json()) }),
  z.strictObject({ kind: z.literal('type'), type: name }),
  /** What `@cacheTag` gave this tag. */
  z.strictObject({ kind: z.literal('tag'), tag: name }),
  z.strictObject({ kind: z.literal('subgraph'), subgraph: name }),
  z.strictObject({ kind: z.literal('organization'), organization: name }),
]);

export type Invalidation = z.infer<typeof Invalidation>;

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
