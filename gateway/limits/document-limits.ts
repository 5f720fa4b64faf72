import type { DocumentNode, OperationDefinitionNode, ValidationRule } from 'graphql';
import { GraphQLError, Kind } from 'graphql';
import { fieldPairs } from './field-pairs.ts';
import type { Shape } from './shape.ts';
import { shapesOf } from './shape.ts';

export type DocumentLimits = {
  readonly maxAliases: number;
  readonly maxDirectives: number;
  readonly maxDirectivesPerNode: number;
  readonly maxRootFields: number;
  readonly maxDepth: number;
  readonly maxSelections: number;
  /** Most pairs of fields of the same name and place. */
  readonly maxFieldPairs: number;
  /** Longest name of an operation, in characters. */
  readonly maxOperationName: number;
};

/**
 * Refuses a text of which any operation is too large, before the other rules look at it: some of them take time by the
 * square of what they are given. It is a rule and no gate so that a text is measured once, and never again once it passed.
 */
export function documentLimits(limits: DocumentLimits): ValidationRule {
  return (context) => ({
    Document(document) {
      const excess = excessOf(document, limits);
      if (excess === undefined) return undefined;
      context.reportError(new GraphQLError(excess));
      // Null takes the document from the walk: no rule sees more of it.
      return null;
    },
  });
}

/** What is too much in the first operation that is too large. */
function excessOf(document: DocumentNode, limits: DocumentLimits): string | undefined {
  const shapeOf = shapesOf(document);
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    const excess = excessOfName(node, limits) ?? excessOfShape(shapeOf(node), limits) ?? excessOfPairs(document, node, limits);
    if (excess !== undefined) return excess;
  }
  return undefined;
}

function excessOfName({ name }: OperationDefinitionNode, { maxOperationName: most }: DocumentLimits): string | undefined {
  const length = name?.value.length ?? 0;
  return length > most ? `The name of an operation has ${length} characters; at most ${most} are allowed.` : undefined;
}

function excessOfShape(shape: Shape, limits: DocumentLimits): string | undefined {
  const counts: readonly (readonly [what: string, found: number, most: number])[] = [
    ['fields', shape.selections, limits.maxSelections],
    ['levels of fields', shape.depth, limits.maxDepth],
    ['root fields', shape.rootFields, limits.maxRootFields],
    ['aliases', shape.aliases, limits.maxAliases],
    ['directives', shape.directives, limits.maxDirectives],
    ['directives at one place', shape.directivesOnOneNode, limits.maxDirectivesPerNode],
  ];
  const excess = counts.find(([, found, most]) => found > most);
  if (excess === undefined) return undefined;
  const [what, found, most] = excess;
  return `The operation has ${found} ${what} once its fragments are spread; at most ${most} are allowed.`;
}

/** Counted last: spreading fragments is safe only where there are not too many fields. */
function excessOfPairs(document: DocumentNode, operation: OperationDefinitionNode, limits: DocumentLimits): string | undefined {
  if (fieldPairs(document, operation, limits) <= limits.maxFieldPairs) return undefined;
  return `The operation selects the same fields again and again; at most ${limits.maxFieldPairs} pairs of them are compared.`;
}
