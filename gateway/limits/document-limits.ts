import type { DocumentNode, ValidationRule } from 'graphql';
import { GraphQLError } from 'graphql';
import { operationsOf } from './definitions.ts';
import { fieldPairs } from './field-pairs.ts';
import { measure } from './shape.ts';

export type DocumentLimits = {
  readonly maxAliases: number;
  readonly maxDirectives: number;
  readonly maxDirectivesPerNode: number;
  readonly maxRootFields: number;
  readonly maxDepth: number;
  /** Most fields of all operations of the text. */
  readonly maxSelections: number;
  /** Most pairs of fields of the same name and place. */
  readonly maxFieldPairs: number;
  /** Longest name of an operation, in characters. */
  readonly maxOperationName: number;
};

/**
 * Refuses a text that is too large, before the other rules look at it: some of them take time by the square of what they
 * are given. It is a rule and no gate so that a text is measured once, and never again when it passed.
 */
export function documentLimits(limits: DocumentLimits): ValidationRule {
  return (context) => ({
    Document(document) {
      const [excess] = excesses(document, limits);
      if (excess === undefined) return undefined;
      context.reportError(new GraphQLError(excess));
      // Null takes the document from the walk: no rule sees more of it.
      return null;
    },
  });
}

/** What is too much in a text, found as far as it is asked for. */
function* excesses(document: DocumentNode, limits: DocumentLimits): Generator<string, undefined> {
  const { shapes, unused } = measure(document);
  for (const { name } of operationsOf(document))
    if (name !== undefined && name.value.length > limits.maxOperationName)
      yield `The name of an operation is longer than ${limits.maxOperationName} characters.`;
  for (const shape of shapes) {
    yield* excess('levels of fields', shape.depth, limits.maxDepth);
    yield* excess('root fields', shape.rootFields, limits.maxRootFields);
    yield* excess('aliases', shape.aliases, limits.maxAliases);
    yield* excess('directives', shape.directives, limits.maxDirectives);
    yield* excess('directives at one place', shape.directivesOnOneNode, limits.maxDirectivesPerNode);
  }
  const fields = shapes.reduce((sum, { selections }) => sum + selections, 0);
  yield* excess('fields', fields, limits.maxSelections);
  // No operation answers for their size. GraphQL refuses them as well, after a long look.
  for (const name of unused) yield `Fragment "${name}" is never used.`;
  // Fragments are spread for this, which is safe where fields are not too many.
  yield* excess('pairs of fields of the same name and place', fieldPairs(document, limits), limits.maxFieldPairs);
}

function* excess(what: string, found: number, most: number): Generator<string, undefined> {
  if (found > most) yield `There are ${found} ${what} once fragments are spread; at most ${most} are allowed.`;
}
