import { buildSubgraphSchema } from '@apollo/subgraph';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { parse } from 'graphql';
import type { Call } from './call.ts';
import type { Caller } from './caller.ts';
import { stranger } from './caller.ts';
import type { Changes } from './changes.ts';
import type { Clock } from './clock.ts';
import type { Credential } from './credential.ts';
import { resolvingEntities } from './entities.ts';
import type { SubgraphOperation } from './execute-operation.ts';
import { operationExecutor } from './execute-operation.ts';
import type { Freshness, HeardFreshness } from './freshness.ts';
import { heardFreshness } from './freshness.ts';
import type { Idempotency } from './idempotency.ts';
import { idempotencyInMemory } from './idempotency.ts';
import type { OrganizationParts } from './organizations/administration.ts';
import { perCall } from './per-call.ts';
import type { QueryWatch } from './query-watch.ts';
import type { Decoder, RestClient } from './rest-client.ts';
import { DateTime, Json, UploadScalar } from './scalars.ts';
import type { ServiceName, SubgraphName } from './service-names.ts';
import { serviceNames } from './service-names.ts';
import type { Permissions } from './shield.ts';
import { guard } from './shield.ts';
import { subgraphSdl } from './subgraph-sdl.ts';
import type { UpstreamSettings } from './upstream-settings.ts';
import type { Upstreams } from './upstreams.ts';

/** A bearer token by the short name of an organization. */
export type CredentialOf = (organization: string) => Promise<string | undefined>;

/** What is opened once per process and subgraph. */
type SubgraphParts = {
  /** Connections to every service that the subgraph needs; their owner closes them. */
  readonly upstreams: Upstreams;
  /** The store of organizations, for a subgraph that says it needs it; its owner closes it. */
  readonly organizations?: OrganizationParts | undefined;
  readonly clock: Clock;
  /** Keeps idempotency keys; in this process's memory by default. */
  readonly idempotency?: Idempotency;
  /** What an organization proves itself with to the service of the subgraph's name; undefined for the upstream's own credential. */
  readonly credentialOf?: CredentialOf;
  /** Hears of the statements that a subgraph lets its service run. */
  readonly watchQuery?: QueryWatch;
  /** Tells what other processes have changed; nothing is told of where it is not given. */
  readonly onChange?: Changes['onChange'];
  /** Hears of a bug: an error that is none of ours and that clients see masked. */
  readonly onUnexpectedError: (error: unknown, subgraph: string) => void;
  /** False to leave the execution of operations to graphql-js; they are compiled by default. */
  readonly compiled?: boolean | undefined;
};

/** What a definition opens itself with. */
export type OpenParts = Pick<SubgraphParts, 'clock'> & {
  /** Those of the service of the subgraph's name. */
  readonly settings: UpstreamSettings;
  /**
   * Calls on nobody's behalf, for what several requests share: they outlive the caller that happened to start them and
   * end after 15 s at the latest. The name is their request id; of a tenant they carry the credential, where it has one.
   */
  readonly background: (name: string, tenant?: string) => RestClient;
  /** As given to the subgraph; nobody has a credential of its own where it was not. */
  readonly credentialOf: CredentialOf;
  /** As given to the subgraph. */
  readonly watchQuery?: QueryWatch | undefined;
  /** As given to the subgraph. */
  readonly onChange: Changes['onChange'];
  /** Is told what a person has to mend: it is logged as an error. */
  readonly onLeftBehind: (error: Error) => void;
};

/** Calls to the services that a subgraph needs, on behalf of one caller. */
export type Clients<Other extends ServiceName = never> = {
  /** The service of the subgraph's name. */
  readonly rest: RestClient;
  /** One of the other services that its definition names. */
  readonly other: (service: Other) => RestClient;
};

/** What belongs to one request: its calls to the subgraph's upstreams. */
type RequestParts<Other extends ServiceName> = Clients<Other> & {
  /**
   * The same calls with 30 s of their own, for what must come to an end although the caller is gone, the time is up, or the
   * service is being left alone.
   */
  readonly detached: () => Clients<Other>;
  readonly call: Call;
  /** Runs a creating mutation once per `idempotencyKey` of this caller. */
  readonly once: Once;
  /** Takes what the subgraph itself knows of how long an answer holds; it shortens what the schema says. */
  readonly hear: (freshness: Freshness) => void;
};

/** `fingerprint` is the mutation's name and arguments. */
export type Once = <Answer>(
  key: string | null | undefined,
  fingerprint: readonly unknown[],
  run: () => Promise<Answer>,
) => Promise<Answer>;

type SchemaModule = Exclude<Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>[number], DocumentNode>;

export type SubgraphResolvers = NonNullable<SchemaModule['resolvers']>;

/** What every definition says, whatever its subgraph stands over. */
export type SubgraphFace = {
  readonly name: SubgraphName;
  /** The `schema.graphql` of the folder. */
  readonly schema: URL;
  readonly resolvers: SubgraphResolvers;
  readonly permissions: Permissions;
};

export type SubgraphDefinition<Context extends object, Other extends ServiceName = never> = SubgraphFace & {
  readonly name: ServiceName;
  /** What the upstream means by its refusals; the rules for every upstream hold where it is silent. */
  readonly decode?: Decoder;
  /** Further services that it calls, each with what that one means by its refusals. */
  readonly others?: Readonly<Record<Other, Decoder>>;
  /** Opens what outlives a request and returns how the context of one request is made. */
  readonly open: (parts: OpenParts) => (request: RequestParts<Other>) => Context;
};

/** A subgraph that can be asked: in the gateway's process by `execute`, over HTTP through subgraphs/serve.ts. */
export type RunningSubgraph = {
  readonly name: SubgraphName;
  readonly schema: GraphQLSchema;
  /** The context of a call; the same call always gets the same one, and so the same loaders. */
  readonly contextFor: (call: Call) => object;
  readonly execute: (operation: SubgraphOperation) => Promise<ExecutionResult & { readonly freshness?: Freshness }>;
  /**
   * The least that services said of all that was read for a call so far; undefined when none of them said anything. It holds
   * for every operation of the call, because they share what was read.
   */
  readonly freshnessOf: (call: Call) => Freshness | undefined;
};

export type Subgraph = {
  readonly name: SubgraphName;
  /** The services that it calls, that of its own name among them. */
  readonly needs: readonly ServiceName[];
  /** Whether it reads and writes the store of organizations. */
  readonly needsOrganizations: boolean;
  readonly open: (parts: SubgraphParts) => RunningSubgraph;
};

export function defineSubgraph<Context extends object, Other extends ServiceName = never>(
  definition: SubgraphDefinition<Context, Other>,
): Subgraph {
  const { name, open } = definition;
  const decoders = new Map(Object.entries<Decoder>(definition.others ?? {}));
  return {
    name,
    needs: serviceNames.filter((service) => service === name || decoders.has(service)),
    needsOrganizations: false,
    open({
      upstreams,
      clock,
      idempotency = idempotencyInMemory(),
      credentialOf = ofNobody,
      watchQuery,
      onChange = () => undefined,
      onUnexpectedError,
      compiled,
    }) {
      const upstream = upstreams.to(name);
      const heardFor = perCall((_: Call) => heardFreshness(clock));
      const clientsFor = (call: Call, options: { readonly urgent?: true } = {}): Clients<Other> => ({
        rest: upstream.forCall(call, {
          ...options,
          ...proofOf(call.caller, credentialOf),
          decode: definition.decode,
          hear: heardFor(call).hear,
        }),
        other: (service) =>
          upstreams.to(service).forCall(call, { ...options, decode: decoders.get(service), hear: heardFor(call).hear }),
      });
      const makeContext = open({
        settings: upstream.settings,
        clock,
        background: (requestId, tenant) => {
          const caller = tenant === undefined ? stranger : { ...stranger, tenant };
          return clientsFor({ requestId, signal: AbortSignal.timeout(backgroundTimeoutMs), caller }).rest;
        },
        credentialOf,
        watchQuery,
        onChange,
        onLeftBehind: (error) => onUnexpectedError(error, name),
      });
      const requestParts = (call: Call): RequestParts<Other> => ({
        ...clientsFor(call),
        detached: () => clientsFor({ ...call, signal: AbortSignal.timeout(detachedTimeoutMs) }, { urgent: true }),
        call,
        once: onceFor(name, call, idempotency),
        hear: heardFor(call).hear,
      });
      return runSubgraph(definition, {
        makeContext: (call) => makeContext(requestParts(call)),
        heardFor,
        onUnexpectedError,
        compiled,
      });
    },
  };
}

type RunParts = Pick<SubgraphParts, 'onUnexpectedError' | 'compiled'> & {
  readonly makeContext: (call: Call) => object;
  /** What was heard for a call; left out where no service stands behind the subgraph. */
  readonly heardFor?: (call: Call) => HeardFreshness;
};

/** What all subgraphs have in common: a guarded schema, one context for each call, and an executor. */
export function runSubgraph(
  face: SubgraphFace,
  { makeContext, heardFor, onUnexpectedError, compiled = true }: RunParts,
): RunningSubgraph {
  const { name } = face;
  const schema = guard(buildSchema(face), face.permissions);
  // Rules of permissions look at `call`, whatever else the context holds.
  const contextFor = perCall((call) => Object.assign(makeContext(call), { call }));
  const freshnessOf = (call: Call): Freshness | undefined => heardFor?.(call).told();
  const execute = operationExecutor({
    schema,
    contextFor,
    compiled,
    onUnexpectedError: (error) => onUnexpectedError(error, name),
  });
  return {
    name,
    schema,
    contextFor,
    freshnessOf,
    async execute(operation) {
      const result = await execute(operation);
      const freshness = freshnessOf(operation.call);
      return freshness === undefined ? result : { ...result, freshness };
    },
  };
}

const ofNobody: CredentialOf = async () => undefined;

/** Calls for a tenant carry its own credential, where it has one. */
function proofOf({ tenant }: Caller, credentialOf: CredentialOf): { credential?: () => Promise<Credential | undefined> } {
  if (tenant === undefined || credentialOf === ofNobody) return {};
  return {
    async credential() {
      const token = await credentialOf(tenant);
      return token === undefined ? undefined : { kind: 'bearer', token, header: 'authorization' };
    },
  };
}

/** Keys belong to one person, or to one organization's key, in one subgraph: several may share a store. */
const onceFor =
  (name: ServiceName, { caller }: Call, idempotency: Idempotency): Once =>
  (key, fingerprint, run) =>
    idempotency({ key, caller: [name, caller.kind, caller.organization, caller.subject].join(' '), fingerprint, run });

const backgroundTimeoutMs = 15_000;
const detachedTimeoutMs = 30_000;

const scalars = { DateTime, JSON: Json, Upload: UploadScalar };

function buildSchema({ schema, resolvers }: Pick<SubgraphFace, 'schema' | 'resolvers'>): GraphQLSchema {
  const typeDefs = parse(subgraphSdl(schema));
  const declared = new Set(typeDefs.definitions.map((node) => ('name' in node ? node.name?.value : undefined)));
  const used = Object.fromEntries(Object.entries(scalars).filter(([name]) => declared.has(name)));
  return resolvingEntities(buildSubgraphSchema([{ typeDefs, resolvers: { ...resolvers, ...used } }]));
}
