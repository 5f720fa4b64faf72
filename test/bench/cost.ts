import { readFileSync } from 'node:fs';
import { Kind, parse } from 'graphql';
import type { Price } from '#gateway/cost/pricer.ts';
import { pricer } from '#gateway/cost/pricer.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { operations } from './operations.ts';

/*
 * What pricing costs: `node test/bench/cost.ts`. Prices are compiled once per operation and worked out once or twice per
 * request, so microseconds count in the one and milliseconds in the other. Answers are those of the sandbox.
 */

const options = { mutationBase: 10, defaultListSize: 10 };
const supergraph = readFileSync(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8');

function compiled(sdl: string, text: string): Price {
  const document = parse(text, { noLocation: true });
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('There is no operation.');
  return pricer({ sdl, options }).price(document, operation);
}

/** Median of eleven rounds, in microseconds per call. */
function microseconds(work: () => unknown, calls: number): string {
  const round = (): number => {
    const started = performance.now();
    for (let call = 0; call < calls; call++) work();
    return ((performance.now() - started) / calls) * 1_000;
  };
  const rounds = Array.from({ length: 11 }, round).sort((one, other) => one - other);
  return `${(rounds[5] ?? Number.NaN).toFixed(2)} µs`;
}

async function ofTheLaboratory(): Promise<void> {
  await using laboratory = await startLaboratory();
  const prices = pricer({ sdl: supergraph, options });
  for (const { name, query, variables = {} } of operations) {
    const { body } = await laboratory.gateway.query(query, variables);
    const data = body.data as unknown as Readonly<Record<string, unknown>>;
    const document = parse(query, { noLocation: true });
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('There is no operation.');
    const price = prices.price(document, operation);
    console.log(
      `${name}: estimate ${price.estimate(variables)}, actual ${price.actual(data, variables)}, rows ${price.rows(variables)}`,
    );
    console.log(
      `  compile and estimate ${microseconds(() => prices.price(document, { ...operation }).estimate(variables), 100)}`,
    );
    console.log(`  estimate             ${microseconds(() => price.estimate(variables), 20_000)}`);
    console.log(`  actual               ${microseconds(() => price.actual(data, variables), 1_000)}`);
    console.log(`  breakdown            ${microseconds(() => price.breakdown(variables), 200)}`);
  }
}

function ofVariables(): void {
  const text =
    'query($n: Int, $on: Boolean!) { samples(first: $n) { nodes { template @include(if: $on) { fields { label } } lineage(limit: $n) { vertices { neighbors(first: $n) { nodes { key } } } } } } }';
  const price = compiled(supergraph, text);
  console.log('an operation whose sizes wait for variables:');
  console.log(`  estimate             ${microseconds(() => price.estimate({ n: 20, on: true }), 20_000)}`);
}

function ofThousandRows(): void {
  const price = compiled(
    supergraph,
    '{ samples(first: 1000) { nodes { id template { name } storagePosition { container { location { name } } } createdBy { displayName } } } }',
  );
  const node = { id: 'x', template: { name: 'x' }, storagePosition: { container: { location: { name: 'x' } } }, createdBy: null };
  const data = { samples: { nodes: Array.from({ length: 1_000 }, () => ({ ...node })) } };
  console.log('a page of 1,000 samples with six joins each:');
  console.log(`  actual               ${microseconds(() => price.actual(data, {}), 200)}`);
}

const tree = `schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"]) { query: Query } type Query { node: Node }
interface Node { next(first: Int): [Node] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false) }
${Array.from({ length: 100 }, (_, index) => `type T${index} implements Node { next(first: Int): [Node] }`).join('\n')}`;

/** Fragments that use the next one twice, so that the text doubles with every level. */
function doubled(levels: number, first: string): string {
  const fragments = Array.from({ length: levels }, (_, level) => {
    const inner = level === levels - 1 ? '__typename' : `...F${level + 1}`;
    return `fragment F${level} on Node { a: next(first: ${first}) { ${inner} } b: next(first: ${first}) { ${inner} } }`;
  });
  return `query($n: Int) { node { ...F0 } } ${fragments.join(' ')}`;
}

function ofDoubledFragments(): void {
  for (const [name, first] of [
    ['constants', '2'],
    ['variables', '$n'],
  ] as const) {
    const text = doubled(25, first);
    const started = performance.now();
    const cost = compiled(tree, text).estimate({ n: 2 });
    const took = (performance.now() - started).toFixed(1);
    console.log(
      `25 levels of doubled fragments over an interface of 100 types, sizes from ${name}: ${took} ms for ${cost} points`,
    );
  }
}

console.log(`reading the supergraph: ${microseconds(() => pricer({ sdl: supergraph, options }), 3)}`);
await ofTheLaboratory();
ofVariables();
ofThousandRows();
ofDoubledFragments();
