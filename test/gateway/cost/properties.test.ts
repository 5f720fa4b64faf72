import fc from 'fast-check';
import type { DocumentNode, FragmentDefinitionNode } from 'graphql';
import { buildASTSchema, Kind, parse, validate, visit } from 'graphql';
import { expect, test } from 'vitest';
import { memo } from '#gateway/cost/memo.ts';
import type { Price, Pricer } from '#gateway/cost/pricer.ts';
import { pricer } from '#gateway/cost/pricer.ts';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { seededRandom } from '#ops/sandbox/faults/random.ts';
import { upTo } from '#test/harness/random.ts';
import { randomAnswer } from './answers.ts';
import { randomOperation, randomSchema, randomVariables } from './random.ts';
import type { Place } from './reference.ts';
import { defaultListSize, mutationBase, referenceActual, referencePrice } from './reference.ts';

const options = { mutationBase, defaultListSize };

/** A case is drawn from a number, which a failure prints. */
const forAll = (check: (random: Random) => void): void =>
  fc.assert(
    fc.property(fc.integer(), (seed) => check(seededRandom(seed))),
    { numRuns: 400, endOnFailure: true },
  );

type Case = Place & { readonly price: Price; readonly prices: Pricer };

/** Schemas are drawn from a few numbers only, since building one takes as long as many prices. */
const schemaOf = memo((seed: number) => {
  const sdl = randomSchema(seededRandom(seed));
  return { schema: buildASTSchema(parse(sdl), { assumeValid: true }), prices: pricer({ sdl, options }) };
});

function randomCase(random: Random): Case {
  const { schema, prices } = schemaOf(upTo(random, 49));
  const document = parse(randomOperation(random, schema), { noLocation: true });
  return { schema, prices, document, variables: randomVariables(random), price: priceOf(prices, document) };
}

function priceOf(prices: Pricer, document: DocumentNode): Price {
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('There is no operation.');
  return prices.price(document, operation);
}

const attempt = (compute: () => number): number | 'refused' => {
  try {
    return compute();
  } catch {
    return 'refused';
  }
};

/** Cases whose operation is not refused for a missing slicing argument. */
function pricedCase(random: Random): Case | undefined {
  const found = randomCase(random);
  return attempt(() => referencePrice(found)) === 'refused' ? undefined : found;
}

test('random operations are valid but for their values, so that the properties speak of something', () => {
  const seen = { refused: 0, priced: 0, dear: 0 };
  forAll((random) => {
    const found = randomCase(random);
    const invalid = validate(found.schema, found.document).filter(
      ({ message }) => !/never used|Int cannot|conflict/.test(message),
    );
    expect(invalid.map(({ message }) => message)).toEqual([]);
    const price = attempt(() => referencePrice(found));
    seen[price === 'refused' ? 'refused' : price > 50 ? 'dear' : 'priced'] += 1;
  });
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});

test('D1 D2 D5 D6 D7: a compiled price is what the formula gives when it is worked out step by step', () => {
  forAll((random) => {
    const found = randomCase(random);
    expect(attempt(() => found.price.estimate(found.variables))).toBe(attempt(() => referencePrice(found)));
  });
});

test('D1: fragments cost what stands in them', () => {
  forAll((random) => {
    const { prices, document, variables, price } = randomCase(random);
    const inlined = priceOf(prices, withoutFragments(document));
    expect(attempt(() => inlined.estimate(variables))).toBe(attempt(() => price.estimate(variables)));
  });
});

test('a price is a whole number from 0 to 2^53−1', () => {
  forAll((random) => {
    const found = pricedCase(random);
    if (found === undefined) return;
    const price = found.price.estimate(found.variables);
    expect(Number.isSafeInteger(price)).toBe(true);
    expect(price).toBeGreaterThanOrEqual(0);
  });
});

test('the parts of a breakdown add up to the price', () => {
  forAll((random) => {
    const found = pricedCase(random);
    if (found === undefined) return;
    const parts = found.price.breakdown(found.variables);
    const total = parts.reduce((all, { cost }) => Math.min(all + cost, Number.MAX_SAFE_INTEGER), 0);
    expect(total).toBe(found.price.estimate(found.variables));
  });
});

test('an answer costs what the formula gives over it, and never more than estimated when its lists are no longer', () => {
  forAll((random) => {
    const found = pricedCase(random);
    if (found === undefined) return;
    const { data, typeOf } = randomAnswer(random, found);
    const actual = found.price.actual(data as Readonly<Record<string, unknown>>, found.variables);
    expect(actual).toBe(referenceActual(found, data, typeOf));
    expect(actual).toBeLessThanOrEqual(found.price.estimate(found.variables));
  });
});

test('without __typename an answer costs at least what it would cost with it', () => {
  forAll((random) => {
    const found = pricedCase(random);
    if (found === undefined) return;
    const { data, typeOf } = randomAnswer(random, found);
    const unnamed = priceOf(found.prices, withoutTypename(found.document));
    expect(unnamed.actual(data as Readonly<Record<string, unknown>>, found.variables)).toBeGreaterThanOrEqual(
      referenceActual(found, data, typeOf),
    );
  });
});

const withoutFragments = (document: DocumentNode): DocumentNode => {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const inlined = visit(document, {
    FragmentSpread: {
      enter({ name, directives = [] }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined) throw new Error(`There is no fragment ${name.value}.`);
        return {
          kind: Kind.INLINE_FRAGMENT,
          typeCondition: fragment.typeCondition,
          directives,
          selectionSet: fragment.selectionSet,
        };
      },
    },
  });
  return { ...inlined, definitions: inlined.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION) };
};

const withoutTypename = (document: DocumentNode): DocumentNode =>
  visit(document, { Field: ({ name }) => (name.value === '__typename' ? null : undefined) });
