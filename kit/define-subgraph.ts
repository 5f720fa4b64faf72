import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { parse } from 'graphql';
import type { Call } from './call.ts';
import { stranger } from './caller.ts';
import type { BreakerState } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';
import { consulInstances } from './consul.ts';
import type { SubgraphOperation } from './execute-operation.ts';
import { operationExecutor } from './execute-operation.ts';
import type { Idempotency } from './idempotency.ts';
import { idempotencyInMemory } from './idempotency.ts';
import { resilience } from './resilience.ts';
import type { Decoder, RestClient, UpstreamOptions } from './rest-client.ts';
import { openUpstream } from './rest-client.ts';
import { DateTime, Json } from './scalars.ts';
import type { ServiceName } from './service-names.ts';
import type { Permissions } from './shield.ts';
import { guard } from './shield.ts';
import type { UpstreamSettings } from './upstream-settings.ts';
import { maxUpstreamBytes } from './upstream-settings.ts';

/** What is opened once per process and subgraph. */
type SubgraphParts = {
  readonly settings: UpstreamSettings & { readonly url: string };
  readonly clock: Clock;
  /** Keeps idempotency keys; in this process's memory by default. */
  readonly idempotency?: Idempotency;
  /** Hears when an upstream's circuit opens, is tried, or closes. */
  readonly onBreakerChange?: (service: ServiceName, state: BreakerState) => void;
  /** Hears of a bug: an error that is none of ours and that clients see masked. */
  readonly onUnexpectedError: (error: unknown, subgraph: string) => void;
};

/** What a definition opens itself with. */
export type OpenParts = SubgraphParts & {
  /**
   * Calls on nobody's behalf, for what several requests share: they outlive the caller that happened to start them and
   * end after 15 s at the latest. The name is their request id.
   */
  readonly background: (name: string) => RestClient;
};

/** What belongs to one request: its calls to the subgraph's upstream. */
type RequestParts = {
  readonly rest: RestClient;
  readonly call: Call;
  /** Runs a creating mutation once per `idempotencyKey` of this caller. */
  readonly once: Once;
};

/** `fingerprint` is the mutation's name and arguments. */
export type Once = <Answer>(
  key: string | null | undefined,
  fingerprint: readonly unknown[],
  run: () => Promise<Answer>,
) => Promise<Answer>;

type SchemaModule = Exclude<Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>[number], DocumentNode>;

export type SubgraphResolvers = NonNullable<SchemaModule['resolvers']>;

export type SubgraphDefinition<Context extends object> = {
  readonly name: ServiceName;
  /** The `schema.graphql` of the folder. */
  readonly schema: URL;
  readonly resolvers: SubgraphResolvers;
  readonly permissions: Permissions;
  /** What the upstream means by its refusals; the rules for every upstream hold where it is silent. */
  readonly decode?: Decoder;
  /** Opens what outlives a request and returns how the context of one request is made. */
  readonly open: (parts: OpenParts) => (request: RequestParts) => Context;
};

/** A subgraph that can be asked: in the gateway's process by `execute`, over HTTP through subgraphs/serve.ts. */
export type RunningSubgraph = AsyncDisposable & {
  readonly name: ServiceName;
  readonly schema: GraphQLSchema;
  /** The context of a call; the same call always gets the same one, and so the same loaders. */
  readonly contextFor: (call: Call) => object;
  readonly execute: (operation: SubgraphOperation) => Promise<ExecutionResult>;
};

export type Subgraph = {
  readonly name: ServiceName;
  readonly open: (parts: SubgraphParts) => RunningSubgraph;
};

export function defineSubgraph<Context extends object>(definition: SubgraphDefinition<Context>): Subgraph {
  const { name, permissions, decode, open } = definition;
  return {
    name,
    open(parts) {
      const { timeoutMs, connections, token, caFile } = parts.settings;
      const upstream = openUpstream({
        service: name,
        ...instancesOf(name, parts),
        clock: parts.clock,
        timeoutMs,
        connections,
        maxBytes: maxUpstreamBytes,
        ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
        layers: resilience({
          ...parts.settings,
          service: name,
          clock: parts.clock,
          onBreakerChange: (state) => parts.onBreakerChange?.(name, state),
        }),
        credential:
          parts.settings.credential ??
          (token === undefined ? { kind: 'none' } : { kind: 'bearer', token, header: 'authorization' }),
        ...(decode !== undefined && { decode }),
      });
      const schema = guard(buildSchema(definition), permissions);
      const background = (requestId: string): RestClient =>
        upstream.forCall({ requestId, signal: AbortSignal.timeout(backgroundTimeoutMs), caller: stranger });
      const idempotency = parts.idempotency ?? idempotencyInMemory();
      const makeContext = open({ ...parts, background });
      // Rules of permissions look at `call`, whatever else the context holds.
      const contextFor = perCall((call) =>
        Object.assign(makeContext({ rest: upstream.forCall(call), call, once: onceFor(name, call, idempotency) }), { call }),
      );
      return {
        name,
        schema,
        contextFor,
        execute: operationExecutor({ schema, contextFor, onUnexpectedError: (error) => parts.onUnexpectedError(error, name) }),
        [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
      };
    },
  };
}

/** Keys belong to one person, or to one organization's key, in one subgraph: several may share a store. */
const onceFor =
  (name: ServiceName, { caller }: Call, idempotency: Idempotency): Once =>
  (key, fingerprint, run) =>
    idempotency({ key, caller: [name, caller.kind, caller.organization, caller.subject].join(' '), fingerprint, run });

const backgroundTimeoutMs = 15_000;

const scalars = { DateTime, JSON: Json };

function buildSchema({ schema, resolvers }: Pick<SubgraphDefinition<object>, 'schema' | 'resolvers'>): GraphQLSchema {
  const typeDefs = parse(readFileSync(schema, 'utf8'));
  const declared = new Set(typeDefs.definitions.map((node) => ('name' in node ? node.name?.value : undefined)));
  const used = Object.fromEntries(Object.entries(scalars).filter(([name]) => declared.has(name)));
  return buildSubgraphSchema([{ typeDefs, resolvers: { ...referencesOneByOne(resolvers), ...used } }]);
}

type Resolve = (reference: unknown, context: unknown, info: unknown) => unknown;

/** A reference resolver that throws at once would fail every entity of its batch; as a promise it fails only its own. */
function referencesOneByOne(resolvers: SubgraphResolvers): SubgraphResolvers {
  const wrapped = Object.entries(resolvers).map(([type, fields]) => {
    if (!('__resolveReference' in fields)) return [type, fields] as const;
    const resolve = fields.__resolveReference as Resolve;
    return [type, { ...fields, __resolveReference: async (...args: Parameters<Resolve>) => resolve(...args) }] as const;
  });
  return Object.fromEntries(wrapped);
}

/** Instances are listed with commas, or told by Consul. A URL may have a path, which goes before the prefix and is the same for all. */
function instancesOf(
  service: ServiceName,
  { settings, onUnexpectedError }: SubgraphParts,
): Pick<UpstreamOptions, 'origins' | 'prefix'> {
  const { url, prefix, consulUrl, consulDatacenter, consulToken } = settings;
  const parsed = url.split(',').map((instance) => new URL(instance.trim()));
  const [first] = parsed;
  if (first?.protocol !== 'consul:') {
    return { origins: parsed.map(({ origin }) => origin), prefix: (first?.pathname ?? '').replace(/\/+$/, '') + prefix };
  }
  const source = consulInstances({
    service: first.hostname,
    url: consulUrl,
    ...(consulDatacenter !== undefined && { datacenter: consulDatacenter }),
    ...(consulToken !== undefined && { token: consulToken }),
    onFailure: (error) => onUnexpectedError(error, service),
  });
  return { origins: source, prefix };
}

function perCall<Value extends object>(make: (call: Call) => Value): (call: Call) => Value {
  const known = new WeakMap<Call, Value>();
  return (call) => {
    const kept = known.get(call);
    if (kept !== undefined) return kept;
    const made = make(call);
    known.set(call, made);
    return made;
  };
}
