import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { parse } from 'graphql';
import { actualCharge } from './actual.ts';
import type { Variables } from './amount.ts';
import { evaluate, scopeOf, sum } from './amount.ts';
import type { PricePart } from './breakdown.ts';
import { breakdown } from './breakdown.ts';
import { charged, total } from './charge.ts';
import { estimator, points, rows } from './estimate.ts';
import { memo } from './memo.ts';
import type { PriceIndex } from './price-index.ts';
import { priceIndex } from './price-index.ts';
import { rootSelection } from './selection.ts';

/** What an operation costs, in points: whole numbers from 0 to 2^53−1. Variables are those that the client sent. */
export type Price = {
  /** Before it runs. @throws ExpectedError BAD_USER_INPUT that names the field whose slicing argument is missing */
  readonly estimate: (variables: Variables) => number;
  /** Objects that the answer may hold; throws as `estimate` does. */
  readonly rows: (variables: Variables) => number;
  /** The estimate by places of the operation, whose costs add up to it; throws as `estimate` does. */
  readonly breakdown: (variables: Variables) => readonly PricePart[];
  /** By the answer's `data` as the client gets it. */
  readonly actual: (data: Readonly<Record<string, unknown>> | null | undefined, variables: Variables) => number;
};

export type Pricer = {
  /** Price of an operation that was validated against the supergraph; compiled once per document. */
  readonly price: (document: DocumentNode, operation: OperationDefinitionNode) => Price;
};

type Options = {
  /** Points that every mutation costs in addition. */
  readonly mutationBase: number;
  /** Length of a list of which nothing is declared. */
  readonly defaultListSize: number;
};

type Parts = { readonly sdl: string; readonly options: Options };

/**
 * Prices operations over one supergraph by its `@cost` and `@listSize` (model 1, section 5 of the design). Every selection
 * counts, also one that is written twice under the same name.
 */
export function pricer({ sdl, options }: Parts): Pricer {
  const index = priceIndex(parse(sdl, { noLocation: true }));
  const known = new WeakMap<OperationDefinitionNode, Price>();
  return {
    price(document, operation) {
      const kept = known.get(operation);
      if (kept !== undefined) return kept;
      const price = compile({ index, document, operation, ...options });
      known.set(operation, price);
      return price;
    },
  };
}

type Compiled = Parts['options'] & {
  readonly index: PriceIndex;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
};

/** Most selections that a breakdown looks into, as many as an operation may have. */
const maxSteps = 10_000;

function compile({ index, document, operation, mutationBase, defaultListSize }: Compiled): Price {
  const root = rootSelection({ index, document, operation, defaultListSize });
  const type = index.roots.get(operation.operation) ?? '';
  const base = operation.operation === 'mutation' ? mutationBase : 0;
  const estimated = estimator(points);
  const price = sum([base, estimated.selection(root)]);
  const answer = memo(() => total([base, actualCharge(root, estimated)]));
  const objects = memo(() => estimator(rows).selection(root));
  return {
    estimate: (variables) => evaluate(price, scopeOf(variables)),
    rows: (variables) => evaluate(objects(), scopeOf(variables)),
    actual: (data, variables) => (data ? charged(answer(), data, scopeOf(variables)) : base),
    breakdown: (variables) => breakdown({ root, type, base, estimated, maxSteps }, scopeOf(variables)),
  };
}
