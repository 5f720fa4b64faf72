import type { GraphQLCompositeType, GraphQLSchema } from 'graphql';
import { doTypesOverlap, getNamedType, isCompositeType, isUnionType } from 'graphql';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { chance, pick, upTo } from '#test/harness/random.ts';

const weight = (random: Random): string => (chance(random, 35) ? ` @cost(weight: ${pick(random, [-2, 0, 1, 2, 3, 7])})` : '');

const leaves = ['Int', 'Label', 'Color'];
const objects = ['Alpha', 'Beta', 'Gamma', 'Delta'];
const composites = [...objects, 'Shared', 'Either'];
const fieldNames = ['one', 'two', 'three', 'constructor'];

const header = `schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", "@listSize"]) { query: Query mutation: Mutation }
directive @link(url: String, import: [String]) repeatable on SCHEMA
directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION`;

/** A supergraph with every kind of type, where any type may lead to any other. */
export function randomSchema(random: Random): string {
  const shared = fieldNames.slice(0, 2).map((name) => ({ name, shape: shape(random) }));
  const typed = (name: string, members: readonly string[]): string => `${name} {\n${members.join('\n')}\n}`;
  const objectTypes = objects.map((name, index) => {
    const own = fieldNames.slice(index < 2 ? 2 : 0).map((field) => ({ name: field, shape: shape(random) }));
    const all = index < 2 ? [...shared, ...own] : own;
    return typed(
      `type ${name}${index < 2 ? ' implements Shared' : ''}${weight(random)}`,
      all.map((field) => fieldText(random, field, true)),
    );
  });
  return [
    header,
    `scalar Label${weight(random)}`,
    `enum Color${weight(random)} { RED GREEN }`,
    typed('input Page', [
      `size: Int${chance(random, 30) ? ' = 4' : ''}${weight(random)}`,
      `label: Label${weight(random)}`,
      `pages: [Page!]${weight(random)}`,
    ]),
    typed(
      'interface Shared',
      shared.map((field) => fieldText(random, field, false)),
    ),
    'union Either = Beta | Gamma',
    ...objectTypes,
    typed(
      'type Query',
      fieldNames.map((name) => fieldText(random, { name, shape: shape(random) }, true)),
    ),
    typed(
      'type Mutation',
      fieldNames.map((name) => fieldText(random, { name, shape: shape(random) }, true)),
    ),
  ].join('\n');
}

type Shape = { readonly type: string; readonly lists: number };

const shape = (random: Random): Shape => ({
  type: chance(random, 30) ? pick(random, leaves) : pick(random, composites),
  lists: pick(random, [0, 0, 1, 1, 1, 2]),
});

/** Arguments are the same everywhere, so that an object type fits its interface; their weights and defaults are not. */
function fieldText(
  random: Random,
  { name, shape: { type, lists } }: { readonly name: string; readonly shape: Shape },
  concrete: boolean,
): string {
  const fallback = (text: string): string => (chance(random, 25) ? ` = ${text}` : '');
  const inputs = [
    `first: Int${fallback('3')}`,
    `last: Int${fallback('2')}`,
    `page: Page${fallback('{ size: 5 }')}`,
    'labels: [Label!]',
    'color: Color',
  ];
  const weighted = inputs.map((input) => `${input}${weight(random)}`).join(', ');
  const sized = chance(random, 60) ? listSize(random) : '';
  return `  ${name}(${weighted}): ${'['.repeat(lists)}${type}${']'.repeat(lists)}${concrete ? weight(random) : ''}${sized}`;
}

function listSize(random: Random): string {
  const subset = (names: readonly string[]): string =>
    names
      .filter(() => chance(random, 50))
      .map((name) => `"${name}"`)
      .join(', ');
  const slicing = chance(random, 60) ? `slicingArguments: [${subset(['first', 'last', 'page.size'])}]` : '';
  const parts = [
    chance(random, 50) ? `assumedSize: ${upTo(random, 6)}` : '',
    slicing,
    chance(random, 50) ? `sizedFields: [${subset(fieldNames)}]` : '',
    chance(random, 75) ? 'requireOneSlicingArgument: false' : '',
  ].filter(Boolean);
  return parts.length === 0 ? '' : ` @listSize(${parts.join(', ')})`;
}

type Fragment = { readonly name: string; readonly type: GraphQLCompositeType; readonly text: string };

/** A valid operation with fragments in fragments, aliases, conditions and arguments of every kind. */
export function randomOperation(random: Random, schema: GraphQLSchema): string {
  const fragments: Fragment[] = [];
  let names = 0;
  const composite = (name: string): GraphQLCompositeType => schema.getType(name) as GraphQLCompositeType;

  function set(type: GraphQLCompositeType, depth: number): string {
    const count = 1 + upTo(random, 2);
    return `{ __typename ${Array.from({ length: count }, () => selection(type, depth)).join(' ')} }`;
  }

  function selection(type: GraphQLCompositeType, depth: number): string {
    const overlapping = composites.map(composite).filter((other) => doTypesOverlap(schema, type, other));
    if (overlapping.length > 0 && (isUnionType(type) || chance(random, 35))) {
      const inner = pick(random, overlapping);
      if (isUnionType(inner) && depth <= 0) return '__typename';
      return chance(random, 50) ? `... on ${inner.name}${condition(random)} ${set(inner, depth - 1)}` : spread(inner, depth);
    }
    return isUnionType(type) ? '__typename' : field(type, depth);
  }

  function spread(type: GraphQLCompositeType, depth: number): string {
    const ready = fragments.filter((fragment) => fragment.type === type);
    if (ready.length > 0 && chance(random, 60)) return `...${pick(random, ready).name}${condition(random)}`;
    const text = set(type, depth - 1);
    const fragment = { name: `F${fragments.length}`, type, text };
    fragments.push(fragment);
    return `...${fragment.name}${condition(random)}`;
  }

  function field(type: Exclude<GraphQLCompositeType, { getTypes: unknown }>, depth: number): string {
    const fields = Object.values(type.getFields()).filter((one) => depth > 0 || !isCompositeType(getNamedType(one.type)));
    if (fields.length === 0) return '__typename';
    const { name, type: returned } = pick(random, fields);
    const named = getNamedType(returned);
    const inner = isCompositeType(named) ? ` ${set(named, depth - 1)}` : '';
    return `a${names++}: ${name}${inputs(random)}${condition(random)}${inner}`;
  }

  const kind = pick(random, ['query', 'mutation']);
  const root = set(composite(kind === 'query' ? 'Query' : 'Mutation'), 4);
  const definitions = '$n: Int, $m: Int = 2, $page: Page = { size: 3 }, $labels: [Label!], $on: Boolean = true, $off: Boolean!';
  return [
    `${kind}(${definitions}) ${root}`,
    ...fragments.map(({ name, type, text }) => `fragment ${name} on ${type.name} ${text}`),
  ].join('\n');
}

function condition(random: Random): string {
  if (chance(random, 75)) return '';
  return ` @${pick(random, ['skip', 'include'])}(if: ${pick(random, ['$on', '$off', 'true', 'false'])})`;
}

function inputs(random: Random): string {
  const choices = {
    first: ['0', '1', '4', 'null', '$n', '$m'],
    last: ['5', '$n'],
    page: ['{ size: 6 }', '{ size: $n, label: "x" }', '$page', '{}', '{ pages: [{ label: "x" }, { pages: [$page] }] }'],
    labels: ['["x", "y"]', '$labels', '[]', '"x"'],
    color: ['RED', 'null'],
  };
  const given = Object.entries(choices).filter(() => chance(random, 30));
  return given.length === 0 ? '' : `(${given.map(([name, values]) => `${name}: ${pick(random, values)}`).join(', ')})`;
}

export function randomVariables(random: Random): Readonly<Record<string, unknown>> {
  const choices = {
    n: [0, 1, 3, 8, -4, 2.5, null, 1e300],
    m: [0, 5, null],
    page: [{ size: 2 }, { size: null, label: 'x' }, {}, null, { label: 'x', unknown: 1, pages: [{ size: 1 }, null] }, 'text'],
    labels: [['x'], [], 'x', null],
    on: [true, false, null],
    off: [true, false],
  };
  return Object.fromEntries(
    Object.entries(choices).flatMap(([name, values]) => (chance(random, 60) ? [[name, pick<unknown>(random, values)]] : [])),
  );
}
