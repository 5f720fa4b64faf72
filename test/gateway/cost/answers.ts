import type { FieldNode, GraphQLObjectType, GraphQLOutputType, SelectionSetNode } from 'graphql';
import { getNullableType, isListType } from 'graphql';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { chance, pick, upTo } from '#test/harness/random.ts';
import type { Handed, Place } from './reference.ts';
import { branchesOf, fieldOf, fieldsOf, flatten, handedOf, listsOf, rootOf, sizeOf } from './reference.ts';

export type Answer = {
  readonly data: object;
  readonly typeOf: (value: object) => GraphQLObjectType;
};

/** An answer to an operation whose lists are no longer than the operation lets expect. */
export function randomAnswer(random: Random, place: Place): Answer {
  const types = new WeakMap<object, GraphQLObjectType>();
  const typeOf = (value: object): GraphQLObjectType => types.get(value) ?? rootOf(place).root;

  function object(type: GraphQLObjectType): object {
    const made = { __typename: type.name };
    types.set(made, type);
    return made;
  }

  function value(type: GraphQLOutputType, longest: number): unknown {
    if (chance(random, 15)) return null;
    const nullable = getNullableType(type);
    if (isListType(nullable)) return Array.from({ length: upTo(random, Math.min(longest, 3)) }, () => value(nullable.ofType, 2));
    const concrete = pick(random, branchesOf(place, nullable));
    return concrete === undefined ? 'x' : object(concrete);
  }

  function fill(holder: object, set: SelectionSetNode, handed?: Handed): void {
    for (const node of fieldsOf(place, set, typeOf(holder))) fillField(holder as Record<string, unknown>, node, handed);
  }

  function fillField(holder: Record<string, unknown>, node: FieldNode, handed?: Handed): void {
    const parent = typeOf(holder);
    const { type } = fieldOf(parent, node);
    const key = (node.alias ?? node.name).value;
    const size = sizeOf(place, node, parent, handed);
    if (!Object.hasOwn(holder, key)) holder[key] = value(type, size);
    if (node.selectionSet === undefined) return;
    for (const item of flatten(holder[key], listsOf(type)))
      if (item !== null) fill(item as object, node.selectionSet, handedOf(place, node, parent, handed));
  }

  const data = {};
  fill(data, rootOf(place).operation.selectionSet);
  return { data, typeOf };
}
