import { createHash } from 'node:crypto';
import type { SubgraphError, SubgraphHandler, SubgraphRequest, SubgraphResponse } from '#gateway/request.ts';
import { upstreamError } from '#kit/errors.ts';

type Options = {
  readonly seed: number;
  /** How many of the things that can go wrong do, roughly. */
  readonly percent: number;
};

/**
 * A subgraph that fails and lies now and then: calls that fail whole, errors without a path, entities that are gone, lists
 * that are too short, nulls and values of wrong types. What befalls an entity depends on the entity, its fetch and the seed
 * alone, whoever else is asked for in the same call and however often.
 */
export function corrupted(handle: SubgraphHandler, { seed, percent }: Options): SubgraphHandler {
  const strikes = (what: string, often = 1): boolean => fingerprint(`${seed} ${what}`) % 10_000 < percent * often * 100;
  return async (request) => {
    const { service, text } = request;
    const name = `${service} ${text}`;
    if (strikes(`${name} fails`)) throw upstreamError('UPSTREAM_UNAVAILABLE', service);
    if (strikes(`${name} has a bug`, 0.3)) throw new Error('This is a bug.');
    const answer = await handle(request);
    if (strikes(`${name} refuses`, 0.3)) return { data: null, errors: [{ message: 'No.', extensions: { code: 'FORBIDDEN' } }] };
    if (strikes(`${name} is silent`, 0.3)) return { data: null };
    return entitiesOf(request) === undefined ? corruptRoot(answer, name) : corruptEntities(answer, request);
  };

  function corruptRoot({ data = null, errors }: SubgraphResponse, name: string): SubgraphResponse {
    return { data: corrupt(data, name) as NonNullable<SubgraphResponse['data']>, ...(errors && { errors }) };
  }

  function corruptEntities(
    { data, errors = [] }: SubgraphResponse,
    { service, text, variables }: SubgraphRequest,
  ): SubgraphResponse {
    const asked = entitiesOf({ variables }) ?? [];
    const found = data?.['_entities'];
    if (!Array.isArray(found)) return { data: data ?? null, errors };
    const more: SubgraphError[] = [];
    const entities = found.map((entity: unknown, index) => {
      const name = `${service} ${text} ${JSON.stringify(asked[index])}`;
      if (!strikes(`${name} is lost`)) return corrupt(entity, name);
      const path = ['_entities', index, ...(strikes(`${name} names no field`, 20) ? [] : firstField(entity))];
      more.push({ message: 'It is lost.', path, extensions: { code: 'NOT_FOUND' } });
      return null;
    });
    const all = [...errors, ...more];
    return { data: { _entities: entities }, ...(all.length > 0 && { errors: all }) };
  }

  function corrupt(value: unknown, name: string): unknown {
    if (strikes(`${name} is null`, 0.3)) return null;
    if (typeof value !== 'object' || value === null) return corruptLeaf(value, name);
    if (strikes(`${name} is no object`, 0.1)) return 7;
    if (Array.isArray(value)) return value.map((item: unknown, index) => corrupt(item, `${name}.${index}`));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, corrupt(inner, `${name}.${key}`)]));
  }

  function corruptLeaf(value: unknown, name: string): unknown {
    if (!strikes(`${name} is wrong`, 0.3)) return value;
    return typeof value === 'string' ? 7.5 : 'wrong';
  }
}

const firstField = (entity: unknown): readonly string[] =>
  Object.keys(entity ?? {})
    .filter((key) => key !== '__typename')
    .slice(0, 1);

const entitiesOf = ({ variables }: Pick<SubgraphRequest, 'variables'>): readonly unknown[] | undefined => {
  const { representations } = variables;
  return Array.isArray(representations) ? representations : undefined;
};

const fingerprint = (text: string): number => createHash('md5').update(text).digest().readUInt32LE(0);
