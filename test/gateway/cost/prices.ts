import { Kind, parse } from 'graphql';
import type { Price, Pricer } from '#gateway/cost/pricer.ts';
import { pricer } from '#gateway/cost/pricer.ts';
import { compose } from '#schema/compose.ts';

export const options = { mutationBase: 10, defaultListSize: 10 };

const link = (imports: string): string =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])`;

/** A pricer over what the given types compose to, as one subgraph. */
export function pricerOf(types: string, imports = '"@cost", "@listSize"'): Pricer {
  const sdl = `${link(imports)} ${types}`;
  return pricer({ sdl: compose([{ name: 'laboratory', url: 'http://laboratory.example', sdl }]).supergraph, options });
}

export function priceOf(prices: Pricer, text: string): Price {
  const document = parse(text);
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('There is no operation.');
  return prices.price(document, operation);
}

export const estimate = (prices: Pricer, text: string, variables: Readonly<Record<string, unknown>> = {}): number =>
  priceOf(prices, text).estimate(variables);

/** The schema of the worked example of design section 5. */
export const worked = (): Pricer =>
  pricerOf(`type Query { samples(first: Int @cost(weight: 2)): [Sample] @cost(weight: 5) @listSize(slicingArguments: ["first"]) }
type Sample @cost(weight: 3) { id: ID owner: User } type User { name: String }`);
