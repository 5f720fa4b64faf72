import fc from 'fast-check';
import type { HoldRequest } from '#gateway/rate-limit/bucket.ts';

/** Something that happens to one organization's budget, `afterMicros` after what happened before. */
export type Happening =
  | {
      readonly kind: 'hold' | 'charge';
      readonly afterMicros: number;
      readonly client: string;
      readonly points: number;
      readonly lifetimeMs: number;
    }
  | { readonly kind: 'capture'; readonly afterMicros: number; readonly which: number; readonly share: number };

const afterMicros = fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 20_000_000 }));

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hold' as const, 'hold' as const, 'hold' as const, 'charge' as const),
    afterMicros,
    client: fc.constantFrom('one', 'two', 'three'),
    points: fc.integer({ min: 0, max: 120 }),
    lifetimeMs: fc.integer({ min: 1, max: 20_000 }),
  }),
  fc.record({
    kind: fc.constant('capture' as const),
    afterMicros,
    which: fc.nat(),
    share: fc.float({ min: 0, max: 1, noNaN: true }),
  }),
);

export const histories = fc.record({
  capacity: fc.integer({ min: 0, max: 100 }),
  perSecond: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }), fc.constant(0.0013)),
  happenings: fc.array(happening, { minLength: 1, maxLength: 25 }),
});

export const request = (changes: Partial<HoldRequest>): HoldRequest => ({
  organization: 'acme',
  client: 'one',
  reservation: 'r',
  points: 10,
  lifetimeMs: 20_000,
  maxInFlight: 1_000,
  policies: [{ name: 'cost', capacity: 1_000, perSecond: 0 }],
  meters: [],
  whenAway: 'local',
  ...changes,
});
