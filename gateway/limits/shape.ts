import type { DirectiveNode, DocumentNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import { fragmentsOf, operationsOf } from './definitions.ts';

/** How large an operation is with each fragment counted wherever it is used. Numbers end at 2^53−1. */
export type Shape = {
  readonly aliases: number;
  readonly directives: number;
  readonly directivesOnOneNode: number;
  readonly rootFields: number;
  /** Levels of fields; fragments add none. */
  readonly depth: number;
  /** Fields in all. */
  readonly selections: number;
};

const nothing: Shape = { aliases: 0, directives: 0, directivesOnOneNode: 0, rootFields: 0, depth: 0, selections: 0 };

type Measured = {
  /** The operations in the order of the text. */
  readonly shapes: readonly Shape[];
  /** Names of fragments that no operation uses. */
  readonly unused: readonly string[];
};

/**
 * Measures the operations of a document without spreading their fragments: each is measured once and its numbers reused.
 * The document need not be valid; a cycle of fragments ends where it closes, an unknown fragment is empty.
 */
export function measure(document: DocumentNode): Measured {
  const fragments = fragmentsOf(document);
  const known = new Map<string, Shape>();
  const ofFragment = (name: string): Shape => {
    const measured = known.get(name);
    if (measured !== undefined) return measured;
    known.set(name, nothing);
    const fragment = fragments.get(name);
    const shape = fragment === undefined ? nothing : beside(ofSet(fragment.selectionSet), ofDirectives(fragment));
    known.set(name, shape);
    return shape;
  };
  const ofSelection = (node: SelectionNode): Shape => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return beside(ofFragment(node.name.value), ofDirectives(node));
    const inner = beside(ofSet(node.selectionSet), ofDirectives(node));
    if (node.kind === Kind.INLINE_FRAGMENT) return inner;
    return {
      ...inner,
      aliases: sum(inner.aliases, node.alias === undefined ? 0 : 1),
      rootFields: 1,
      depth: inner.depth + 1,
      selections: sum(inner.selections, 1),
    };
  };
  const ofSet = (set: SelectionSetNode | undefined): Shape =>
    set === undefined ? nothing : set.selections.reduce((shape, node) => beside(shape, ofSelection(node)), nothing);
  const ofOperation = ({ directives, variableDefinitions = [], selectionSet }: OperationDefinitionNode): Shape =>
    [{ directives }, ...variableDefinitions].map(ofDirectives).reduce(beside, ofSet(selectionSet));
  const shapes = operationsOf(document).map(ofOperation);
  return { shapes, unused: [...fragments.keys()].filter((name) => !known.has(name)) };
}

const sum = (one: number, other: number): number => Math.min(one + other, Number.MAX_SAFE_INTEGER);

const beside = (one: Shape, other: Shape): Shape => ({
  aliases: sum(one.aliases, other.aliases),
  directives: sum(one.directives, other.directives),
  directivesOnOneNode: Math.max(one.directivesOnOneNode, other.directivesOnOneNode),
  rootFields: sum(one.rootFields, other.rootFields),
  depth: Math.max(one.depth, other.depth),
  selections: sum(one.selections, other.selections),
});

const ofDirectives = ({ directives = [] }: { readonly directives?: readonly DirectiveNode[] | undefined }): Shape =>
  directives.length === 0 ? nothing : { ...nothing, directives: directives.length, directivesOnOneNode: directives.length };
