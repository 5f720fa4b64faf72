import type { SubgraphRequest } from '#gateway/request.ts';
import type { Keys, Place } from './keys.ts';
import type { Policy, Unit } from './policy.ts';
import type { Wanted } from './store.ts';
import { everythingTag, organizationTag, publicNamespace } from './tags.ts';

/** One thing to be looked up; parts of an operation that ask for the same have one slot. */
export type Slot = Wanted & { readonly unit: Unit };

/** One root field, or one entity by its place in the list. */
export type Part = {
  readonly at: string | number;
  /** Absent where the part is asked for each time. */
  readonly slot: Slot | undefined;
};

export type Lookup = { readonly policy: Policy; readonly parts: readonly Part[]; readonly slots: readonly Slot[] };

type Options = {
  /** How an operation text may be kept; undefined where it may not. */
  readonly policyOf: (service: string, text: string) => Policy | undefined;
  readonly keys: Keys;
};

/** Says what of a request may be looked up; undefined where nothing is, and for what cannot stand in a key. */
export function lookups({ policyOf, keys }: Options): (request: SubgraphRequest) => Lookup | undefined {
  return (request) => {
    if (request.carriesUploads) return undefined;
    const policy = policyOf(request.service, request.text);
    if (policy === undefined) return undefined;
    try {
      return lookup(policy, request, keys);
    } catch (error) {
      // A value that is no JSON, or nested too deeply to be written down.
      if (error instanceof TypeError || error instanceof RangeError) return undefined;
      throw error;
    }
  };
}

function lookup(policy: Policy, request: SubgraphRequest, keys: Keys): Lookup | undefined {
  const slotOf = slots(request, keys);
  const parts =
    policy.kind === 'roots'
      ? [...policy.fields].map(([at, unit]) => ({ at, slot: unit && slotOf(unit) }))
      : representationsOf(request).map((representation, at) => {
          const unit = policy.unitOf(typenameOf(representation));
          return { at, slot: unit && slotOf(unit, representation) };
        });
  const found = new Set(parts.flatMap(({ slot }) => slot ?? []));
  return found.size === 0 ? undefined : { policy, parts, slots: [...found] };
}

function slots(request: SubgraphRequest, keys: Keys) {
  const places = new Map<Unit, ReturnType<Keys['placesOf']>>();
  const known = new Map<string, Slot>();
  const own = organizationTag(keys.namespaceOf(request.call.caller.organization));
  const tagsOf = (unit: Unit, { namespace }: Place, representation: unknown) => [
    everythingTag,
    ...(namespace === publicNamespace ? [] : [own]),
    ...unit.tagsOf({ variables: request.variables, representation }),
  ];
  return (unit: Unit, representation?: unknown): Slot | undefined => {
    if (!places.has(unit)) places.set(unit, keys.placesOf(unit, request));
    const place = places.get(unit)?.(representation);
    if (place === undefined) return undefined;
    const slot = known.get(place.key) ?? { unit, place, tags: tagsOf(unit, place, representation) };
    known.set(place.key, slot);
    return slot;
  };
}

export const representationsOf = ({ variables: { representations } }: Pick<SubgraphRequest, 'variables'>): readonly unknown[] =>
  Array.isArray(representations) ? representations : [];

const typenameOf = (representation: unknown): string =>
  typeof representation === 'object' && representation !== null && '__typename' in representation
    ? String(representation.__typename)
    : '';
