import { createHmac } from 'node:crypto';
import type { SubgraphRequest } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { canonical } from './canonical.ts';
import { digest } from './digest.ts';
import type { Unit } from './policy.ts';
import { publicNamespace } from './tags.ts';

/** Where one answer is kept. */
export type Place = {
  /** Digest of an organization, or `pub`. */
  readonly namespace: string;
  /** Digest of everything that the answer depends on. */
  readonly digest: string;
  /** `c:{namespace}:version:service:type:digest` (reliability rules, section 4.1). */
  readonly key: string;
};

type Options = {
  /** Known to this gateway's replicas alone; hides which organization a namespace is. */
  readonly secret: string;
  /** Of the supergraph. */
  readonly epoch: string;
};

type Asked = Pick<SubgraphRequest, 'service' | 'variables' | 'headers' | 'call'>;

export type Keys = {
  /** Name of an organization in keys. */
  readonly namespaceOf: (organization: string) => string;
  /**
   * Makes the places of a unit for one call, each by its representation; of a root field there is one.
   * Undefined where the answer belongs to nobody who could be named.
   * @throws TypeError for variables that are not JSON
   */
  readonly placesOf: (unit: Unit, asked: Asked) => ((representation?: unknown) => Place) | undefined;
};

/** Raised with every change of what stands in keys or entries; older entries are left to their end. */
const formatVersion = 1;

export function cacheKeys({ secret, epoch }: Options): Keys {
  const namespaceOf = namespaces(secret);
  return {
    namespaceOf,
    placesOf(unit, { service, variables, headers, call }) {
      const { caller } = call;
      const isPublic = unit.scope === 'PUBLIC' && carriesNoTenant(call.caller, headers);
      if (unit.scope === 'PRIVATE' && caller.subject === '') return undefined;
      const namespace = isPublic ? publicNamespace : namespaceOf(caller.organization);
      const common = digest(
        epoch,
        service,
        unit.name,
        unit.selection,
        canonical(Object.fromEntries(unit.variables.flatMap((name) => given(name, variables)))),
        isPublic ? '' : rightsOf(caller),
        unit.scope === 'PRIVATE' ? canonical([caller.kind, caller.subject]) : '',
        headersDigest(headers),
      );
      const prefix = `c:{${namespace}}:${formatVersion}:${service}:${unit.name}:`;
      return (representation) => {
        const own = digest(common, canonical(representation ?? null));
        return { namespace, digest: own, key: prefix + own };
      };
    },
  };
}

const given = (name: string, variables: Asked['variables']): readonly (readonly [string, unknown])[] =>
  variables[name] === undefined ? [] : [[name, variables[name]]];

/**
 * What is declared PUBLIC is shared only by calls that belong to no tenant. Subgraphs always hear who is calling, so it is
 * the declaration alone that says that their answer does not depend on it.
 */
const carriesNoTenant = ({ tenant }: Caller, headers: Asked['headers']): boolean =>
  tenant === undefined && headers['authorization'] === undefined && headers['cookie'] === undefined;

function namespaces(secret: string): (organization: string) => string {
  const known = new Map<string, string>();
  return (organization) => {
    const kept = known.get(organization);
    if (kept !== undefined) return kept;
    const name = base32(createHmac('sha256', secret).update(`cache namespace:${organization}`).digest());
    if (known.size >= maxKnown) known.clear();
    known.set(organization, name);
    return name;
  };
}

const maxKnown = 10_000;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 130 bits, in letters that mean nothing to Redis. */
const base32 = (bytes: Buffer): string => [...bytes.subarray(0, 26)].map((byte) => alphabet[byte % 32]).join('');

const rights = new WeakMap<Caller, string>();

/** Everything of a caller that subgraphs may decide by, but not who it is. */
export function rightsOf(caller: Caller): string {
  const known = rights.get(caller);
  if (known !== undefined) return known;
  const { kind, organization, plan, roles, scopes, tenant = null } = caller;
  const made = digest(canonical([kind, organization, plan, roles.toSorted(), scopes.toSorted(), tenant]));
  rights.set(caller, made);
  return made;
}

/** Headers that differ from request to request and by which no subgraph may answer differently. */
const tracing: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage', 'x-request-id']);

/** Of the client's headers that subgraphs get. */
export const headersDigest = (headers: Asked['headers']): string =>
  canonical(Object.fromEntries(Object.entries(headers).filter(([name]) => !tracing.has(name))));
