import type { SubgraphError, SubgraphHandler, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import type { ExpectedError } from '#kit/errors.ts';
import { upstreamError } from '#kit/errors.ts';
import type { Freshness } from '#kit/freshness.ts';
import type { Lookup, Part } from './lookup.ts';
import { representationsOf } from './lookup.ts';
import type { Policy } from './policy.ts';

/** What a subgraph brought for one part; paths of errors begin below the part. */
export type Brought = {
  readonly value: unknown;
  readonly errors: readonly SubgraphError[];
  /** Errors that belong to no part; each of them is told once. */
  readonly general: readonly SubgraphError[];
  readonly freshness?: Freshness | undefined;
};

type Ask = Pick<Lookup, 'policy'> & { readonly parts: readonly Part[]; readonly all: boolean };

/** Asks a subgraph for some parts of an operation. @throws ExpectedError as the call does, UPSTREAM_INVALID_RESPONSE for an answer that leaves something out */
export async function askFor(next: SubgraphHandler, request: SubgraphRequest, asked: Ask): Promise<ReadonlyMap<Part, Brought>> {
  const { policy, parts } = asked;
  const response = await next(asked.all ? request : narrowed(request, asked));
  const { errors = [], freshness } = response;
  const values = parts.map((part, index) => valueIn(response, policy, { part, index }));
  if (errors.length === 0 && !isComplete(response, asked, values))
    throw upstreamError('UPSTREAM_INVALID_RESPONSE', request.service);
  const sorted = sortErrors(errors, asked);
  const brought = parts.map((part, index): [Part, Brought] => [
    part,
    { value: values[index] ?? null, errors: sorted.own[index] ?? [], general: sorted.general, freshness },
  ]);
  return new Map(brought);
}

function narrowed(request: SubgraphRequest, { policy, parts }: Ask): SubgraphRequest {
  if (policy.kind === 'roots') return { ...request, text: policy.narrowed(parts.map(({ at }) => String(at))) };
  const all = representationsOf(request);
  return { ...request, variables: { ...request.variables, representations: parts.map(({ at }) => all[Number(at)]) } };
}

type Placed = { readonly part: Part; readonly index: number };

function valueIn({ data }: SubgraphResponse, policy: Policy, { part, index }: Placed): unknown {
  if (data == null) return undefined;
  if (policy.kind === 'roots') return Object.hasOwn(data, part.at) ? data[part.at] : undefined;
  const { _entities: found } = data;
  return Array.isArray(found) ? found[index] : undefined;
}

function isComplete({ data }: SubgraphResponse, { policy, parts }: Ask, values: readonly unknown[]): boolean {
  if (data == null || values.includes(undefined)) return false;
  return policy.kind === 'roots' || (Array.isArray(data['_entities']) && data['_entities'].length === parts.length);
}

type Sorted = { readonly own: readonly (readonly SubgraphError[])[]; readonly general: readonly SubgraphError[] };

function sortErrors(errors: readonly SubgraphError[], ask: Ask): Sorted {
  const own: SubgraphError[][] = ask.parts.map(() => []);
  const general: SubgraphError[] = [];
  for (const error of errors) {
    const place = own[placeOf(error, ask)];
    if (isAboutAll(error, ask)) for (const each of own) each.push(...lost(ask.policy, error));
    else if (place === undefined) general.push(error);
    else place.push({ ...error, path: error.path?.slice(ask.policy.kind === 'roots' ? 1 : 2) ?? [] });
  }
  return { own, general };
}

const isAboutAll = ({ path = [] }: SubgraphError, { policy }: Ask): boolean =>
  policy.kind === 'entities' && path[0] === '_entities' && path[1] === undefined;

/** The part that an error belongs to; -1 for none. */
const placeOf = ({ path = [] }: SubgraphError, { policy, parts }: Ask): number =>
  policy.kind === 'roots' ? parts.findIndex(({ at }) => at === path[0]) : Number(path[1] ?? -1);

/** One error for each field that is lost with a part. */
const lost = (policy: Policy, error: SubgraphError): readonly SubgraphError[] =>
  policy.kind === 'roots' ? [{ ...error, path: [] }] : policy.fields.map((field) => ({ ...error, path: [field] }));

/** What a failed call leaves of each part: nothing, with the reason. */
export function failedParts(policy: Policy, service: string, { message, extensions }: ExpectedError): Brought {
  return { value: null, errors: lost(policy, { message, extensions: { service, ...extensions } }), general: [] };
}

const passing: ReadonlySet<unknown> = new Set([
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_INVALID_RESPONSE',
  'UPSTREAM_RATE_LIMITED',
]);

/** Whether only failures stand in the way that an older answer may stand in for; a refusal is none of them. */
export const isPassing = ({ errors, general }: Pick<Brought, 'errors' | 'general'>): boolean =>
  [...errors, ...general].every(({ extensions }) => passing.has(extensions?.['code']));

/** Whether it may be kept. */
export const isWhole = ({ errors, general }: Brought): boolean => errors.length + general.length === 0;

/** Puts parts together as one answer. */
export function assembled(policy: Policy, parts: readonly Part[], broughtOf: (part: Part) => Brought): SubgraphResponse {
  const prefix = policy.kind === 'roots' ? [] : ['_entities'];
  const all = parts.map((part) => ({ part, brought: broughtOf(part) }));
  const errors = all.flatMap(({ part, brought }) =>
    brought.errors.map((error) => ({ ...error, path: [...prefix, part.at, ...(error.path ?? [])] })),
  );
  const general = new Set(all.flatMap(({ brought }) => brought.general));
  const data =
    policy.kind === 'entities'
      ? { _entities: all.map(({ brought }) => brought.value) }
      : Object.fromEntries(all.map(({ part, brought }) => [part.at, brought.value]));
  return { data, ...(errors.length + general.size > 0 && { errors: [...errors, ...general] }) };
}
