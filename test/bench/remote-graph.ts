/*
 * A graph of three subgraphs for measuring what joining them costs: every sample has a template and a place of its own, each
 * in another subgraph. What they answer is made up on the spot, so that they are fast.
 */

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index + 1);

const sample = (number: number) => ({
  id: `5a000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  barcode: `LAB-2026-${number}`,
  name: `Blood sample ${number}`,
  status: 'VALIDATED',
  type: 'BLOOD',
  concentration: number + 0.5,
  volume: number * 2,
  template: { __typename: 'Template', id: `template-${number}` },
  place: { __typename: 'Place', id: `place-${number}` },
});

const template = (id: string) => ({
  __typename: 'Template',
  id,
  name: `Protocol of ${id}`,
  version: 3,
  fields: range(6).map((number) => ({ name: `Reading ${number}`, type: 'NUMBER', isRequired: number % 2 === 0 })),
});

const place = (id: string) => ({
  __typename: 'Place',
  id,
  position: `A-${id.length}`,
  container: { name: `Box of ${id}`, temperature: -80, location: { name: 'Freezer 4, second floor', zone: 'ULTRA_LOW' } },
});

type Reference = { readonly id: string };

export type RemoteName = keyof typeof remoteGraph;

export const remoteGraph = {
  samples: {
    sdl: `${link}
      type Query { samples(first: Int!): [Sample!]! }
      type Sample @key(fields: "id") {
        id: ID! barcode: String! name: String! status: String! type: String! concentration: Float volume: Int
        template: Template place: Place
      }
      type Template @key(fields: "id", resolvable: false) { id: ID! }
      type Place @key(fields: "id", resolvable: false) { id: ID! }`,
    resolvers: { Query: { samples: (_: unknown, { first }: { readonly first: number }) => range(first).map(sample) } },
  },
  templates: {
    sdl: `${link}
      type Query { template(id: ID!): Template }
      type Template @key(fields: "id") { id: ID! name: String! version: Int! fields: [Field!]! }
      type Field { name: String! type: String! isRequired: Boolean! }`,
    resolvers: {
      Query: { template: (_: unknown, { id }: Reference) => template(id) },
      Template: { __resolveReference: ({ id }: Reference) => template(id) },
    },
  },
  places: {
    sdl: `${link}
      type Query { place(id: ID!): Place }
      type Place @key(fields: "id") { id: ID! position: String! container: Container }
      type Container { name: String! temperature: Int! location: Location! }
      type Location { name: String! zone: String! }`,
    resolvers: {
      Query: { place: (_: unknown, { id }: Reference) => place(id) },
      Place: { __resolveReference: ({ id }: Reference) => place(id) },
    },
  },
} as const;

/** What one operation asks of each of the three, in its own words and in those of a program that knows where everything is. */
export type RemoteOperation = {
  readonly name: string;
  readonly operationName: string;
  readonly first: number;
  readonly sample: string;
  readonly template: string;
  readonly place: string;
};

export const remoteOperations: readonly [RemoteOperation, RemoteOperation] = [
  {
    name: '20 samples, two joins',
    operationName: 'Twenty',
    first: 20,
    sample: 'id barcode name status',
    template: 'name version',
    place: 'position container { name }',
  },
  {
    name: '100 samples, two joins, nested',
    operationName: 'Hundred',
    first: 100,
    sample: 'id barcode name status type concentration volume',
    template: 'name version fields { name type isRequired }',
    place: 'position container { name temperature location { name zone } }',
  },
];

export const remoteQuery = ({ operationName, first, sample: own, template: joined, place: other }: RemoteOperation): string =>
  `query ${operationName} { samples(first: ${first}) { ${own} template { ${joined} } place { ${other} } } }`;
