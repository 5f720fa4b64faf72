import { isUuid } from './ids.ts';

/**
 * A reference to another subgraph's entity by UUID. Services hold the ids of other services as unchecked text: what is no
 * UUID refers to nothing.
 */
export const referenceTo = (type: string, id: string | null | undefined): object | null =>
  id != null && isUuid(id) ? { __typename: type, id: id.toLowerCase() } : null;
