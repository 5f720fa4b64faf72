import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { GraphQLField, GraphQLFieldResolver, GraphQLObjectType } from 'graphql';
import { buildSchema, defaultFieldResolver, isObjectType, isScalarType } from 'graphql';
import type { Call } from '#kit/call.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { administrator } from '#test/harness/callers.ts';
import { openSubgraphs } from '#test/harness/running-subgraphs.ts';

// The same graph as one server: Apollo Server and graphql-js over the resolvers, permissions and loaders of all subgraphs, in
// one schema. No plan, no gateway: an object of one subgraph becomes that of another by the resolver of its reference.
const opened = await openSubgraphs(process.env);
const schema = buildSchema(readFileSync('schema/api.graphql', 'utf8'));

type Context = { readonly call: Call; readonly references: WeakMap<object, Map<RunningSubgraph, unknown>> };
type Resolve = GraphQLFieldResolver<unknown, Context>;

/** Which subgraph an object came from. */
const homes = new WeakMap<object, RunningSubgraph>();

function remember(found: unknown, home: RunningSubgraph): unknown {
  if (Array.isArray(found)) for (const item of found) remember(item, home);
  else if (typeof found === 'object' && found !== null) homes.set(found, home);
  return found;
}

type Referable = GraphQLObjectType & {
  readonly resolveReference?: (reference: object, context: unknown, info: unknown) => unknown;
};

/** What another subgraph knows of an object, by its keys. */
function referred(
  source: object,
  owner: RunningSubgraph,
  { type, context }: { readonly type: string; readonly context: Context },
) {
  const known = context.references.get(source) ?? new Map<RunningSubgraph, unknown>();
  context.references.set(source, known);
  if (known.has(owner)) return known.get(owner);
  const { resolveReference } =
    (owner.schema.getType(type)?.extensions['apollo'] as { subgraph?: Referable } | undefined)?.subgraph ?? {};
  const found = resolveReference?.({ ...source, __typename: type }, owner.contextFor(context.call), {});
  known.set(owner, found);
  return found;
}

function resolverOf(type: string, owners: readonly (readonly [RunningSubgraph, GraphQLField<unknown, unknown>])[]): Resolve {
  return async (source, args, context, info) => {
    const home = typeof source === 'object' && source !== null ? homes.get(source) : undefined;
    const [owner, field] = owners.find(([subgraph]) => subgraph === home) ?? owners[0] ?? [];
    if (owner === undefined || field === undefined) throw new Error(`Nobody resolves ${type}.${info.fieldName}.`);
    const isOther = home !== undefined && home !== owner;
    const object = isOther ? await referred(source as object, owner, { type, context }) : source;
    if (isOther && object === null) return null;
    const found = (field.resolve ?? defaultFieldResolver)(object, args, owner.contextFor(context.call), info);
    return remember(await found, owner);
  };
}

for (const type of Object.values(schema.getTypeMap())) {
  if (isScalarType(type)) {
    const own = [...opened.subgraphs.values()].map((subgraph) => subgraph.schema.getType(type.name)).find(isScalarType);
    if (own !== undefined)
      Object.assign(type, { serialize: own.serialize, parseValue: own.parseValue, parseLiteral: own.parseLiteral });
  }
  if (!isObjectType(type) || type.name.startsWith('__')) continue;
  const isShared = [...opened.subgraphs.values()].filter((subgraph) => subgraph.schema.getType(type.name) != null).length > 1;
  for (const field of Object.values(type.getFields())) {
    const owners = [...opened.subgraphs.values()].flatMap((subgraph) => {
      const theirs = subgraph.schema.getType(type.name);
      const same = isObjectType(theirs) ? theirs.getFields()[field.name] : undefined;
      return same === undefined ? [] : [[subgraph, same] as const];
    });
    // What is a plain value of its object needs no wrapping, as nobody would write any.
    const isPlain = !isShared && owners.every(([, { resolve }]) => resolve === undefined);
    if (!isPlain) field.resolve = resolverOf(type.name, owners) as GraphQLFieldResolver<unknown, unknown>;
  }
}

const server = new ApolloServer<Context>({ schema });
let requests = 0;
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: async () => ({
    call: { requestId: `monolith-${requests++}`, signal: AbortSignal.timeout(30_000), caller: administrator },
    references: new WeakMap(),
  }),
});
console.log(JSON.stringify({ url }));
