import type { SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import type { Changed } from '#kit/changes.ts';
import { canonical } from './canonical.ts';
import { digest } from './digest.ts';

/**
 * What answers are invalidated by: a namespace in braces, which is the slot of a Redis cluster, and a name. All but the
 * tags of organizations stand in the shared namespace, since people of the laboratory see and change what belongs to
 * organizations: a write of either must reach the answers kept for the other.
 */
export type Tag = string;

export const publicNamespace = 'pub';

const shared = (kind: string, name: string): Tag => `{${publicNamespace}}:${kind}:${name}`;

/** One entity, by the values of one of its keys. */
export const entityTag = (type: string, key: object): Tag => shared('entity', `${type}:${digest(canonical(key))}`);

/** Every entity of a type, all at once. */
export const typeTag = (type: string): Tag => shared('type', type);

/** What holds objects of a type without its being known which ones, such as a list: raised with each of them. */
export const someTag = (type: string): Tag => shared('some', type);

export const subgraphTag = (service: string): Tag => shared('subgraph', service);

/** Tags of `@cacheTag`; what a caller chose may stand in them. */
export const formattedTag = (text: string): Tag => shared('tag', /^[\w.:-]{1,80}$/.test(text) ? text : digest(text));

export const organizationTag = (namespace: string): Tag => `{${namespace}}:organization`;

/** Everything there is. */
export const everythingTag: Tag = shared('everything', '');

/** Whether there are as many of its kind as there is data: such stamps run out by themselves, the few others stay. */
export const isOfMany = (tag: Tag): boolean => /^\{\w+\}:(entity|tag):/.test(tag);

/** The types whose objects these tags stand for; tags of `@cacheTag` say nothing of types. */
export function typesOf(tags: readonly Tag[]): Changed {
  const types = new Set<string>();
  for (const tag of tags) {
    const [, kind, type = ''] = /^\{\w+\}:(\w+):?(\w*)/.exec(tag) ?? [];
    if (kind === 'entity' || kind === 'type' || kind === 'some') types.add(type);
    else if (kind !== 'tag') return 'all';
  }
  return types;
}

/** A type as a whole: its entities, and what holds some of them. */
export const typeTags = (type: string): readonly Tag[] => [typeTag(type), someTag(type)];

type Values = Readonly<Record<string, unknown>>;

/** The fields of a key out of an object that has them all; undefined else. */
export function keyOf(set: SelectionSetNode, value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found: Record<string, unknown> = {};
  for (const node of set.selections) {
    if (node.kind !== Kind.FIELD) return undefined;
    const name = node.name.value;
    const field = (value as Values)[name];
    const part = node.selectionSet === undefined ? field : keyOf(node.selectionSet, field);
    if (part === undefined || part === null) return undefined;
    found[name] = part;
  }
  return found;
}
