import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheControl, freshnessOf } from '#kit/cache-control.ts';
import type { Freshness } from '#kit/freshness.ts';
import { heardFreshness, leastFresh } from '#kit/freshness.ts';
import { httpDate } from '#kit/http-date.ts';
import { handClock } from '#test/harness/hand-clock.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const inAnHour = 'Sat, 21 Nov 2026 13:00:00 GMT';
const atNoon = 'Sat, 21 Nov 2026 12:00:00 GMT';

type Headers = Parameters<typeof freshnessOf>[0];
type Vector = readonly [
  string,
  Headers,
  { readonly seconds: number; readonly private?: true; readonly revalidate?: true } | undefined,
];

const cc = (value: string | string[], more: Headers = {}): Headers => ({ 'cache-control': value, ...more });

const vectors: readonly Vector[] = [
  // who says nothing
  ['no header field', {}, undefined],
  ['an empty Cache-Control', cc(''), undefined],
  ['public alone', cc('public'), undefined],
  ['a directive that nobody knows', cc('community="UCI"'), undefined],
  [
    'a Last-Modified alone, from which others guess',
    { 'last-modified': 'Sat, 21 Nov 2020 12:00:00 GMT', date: atNoon },
    undefined,
  ],
  // max-age
  ['max-age', cc('max-age=60'), { seconds: 60 }],
  ['max-age in capitals', cc('MAX-AGE=60'), { seconds: 60 }],
  ['max-age in quotation marks', cc('max-age="60"'), { seconds: 60 }],
  ['max-age among others', cc('public, community="UCI", max-age=60 , immutable'), { seconds: 60 }],
  ['max-age of 0', cc('max-age=0'), { seconds: 0 }],
  ['leading zeros', cc('max-age=0060'), { seconds: 60 }],
  ['max-age of 2^31', cc('max-age=2147483648'), { seconds: 2147483648 }],
  ['max-age over 2^31', cc('max-age=99999999999'), { seconds: 2147483648 }],
  ['max-age of a thousand digits', cc(`max-age=${'9'.repeat(1_000)}`), { seconds: 2147483648 }],
  // max-age that cannot be read
  ['max-age of letters', cc('max-age=abc'), { seconds: 0 }],
  ['max-age with a unit', cc('max-age=60s'), { seconds: 0 }],
  ['max-age below 0', cc('max-age=-60'), { seconds: 0 }],
  ['max-age with a sign', cc('max-age=+60'), { seconds: 0 }],
  ['max-age with a fraction', cc('max-age=60.5'), { seconds: 0 }],
  ['max-age as a power', cc('max-age=6e1'), { seconds: 0 }],
  ['max-age in the other notation', cc('max-age=0x3c'), { seconds: 0 }],
  ['max-age in the other quotation marks', cc("max-age='60'"), { seconds: 0 }],
  ['max-age without a value', cc('max-age'), { seconds: 0 }],
  ['max-age of nothing', cc('max-age='), { seconds: 0 }],
  ['max-age and something behind it', cc('max-age=60;foo'), { seconds: 0 }],
  ['a word that ends as max-age does', cc('x-max-age=60'), undefined],
  // s-maxage
  ['s-maxage over max-age', cc('max-age=1, s-maxage=60'), { seconds: 60, revalidate: true }],
  ['s-maxage below max-age', cc('s-maxage=1, max-age=60'), { seconds: 1, revalidate: true }],
  ['s-maxage that cannot be read', cc('s-maxage=abc, max-age=60'), { seconds: 0, revalidate: true }],
  ['s-maxage over Expires', cc('s-maxage=60', { expires: inAnHour, date: atNoon }), { seconds: 60, revalidate: true }],
  // refusals
  ['no-store', cc('no-store'), { seconds: 0 }],
  ['No-Store beside max-age', cc('max-age=60, No-Store'), { seconds: 0 }],
  ['no-cache beside max-age', cc('no-cache, max-age=60'), { seconds: 0 }],
  ['no-cache of one field', cc('max-age=60, no-cache="set-cookie"'), { seconds: 0 }],
  ['private', cc('private, max-age=60'), { seconds: 60, private: true }],
  ['private of one field', cc('max-age=60, private="x-user, x-name"'), { seconds: 60, private: true }],
  ['private without a time', cc('private'), { seconds: 0, private: true }],
  ['private, and s-maxage for others', cc('private, max-age=5, s-maxage=60'), { seconds: 5, private: true, revalidate: true }],
  ['must-revalidate', cc('max-age=60, must-revalidate'), { seconds: 60, revalidate: true }],
  ['proxy-revalidate', cc('max-age=60, proxy-revalidate'), { seconds: 60, revalidate: true }],
  ['must-revalidate without a time', cc('must-revalidate'), { seconds: 0 }],
  // several
  ['several lines', cc(['public', 'max-age=60']), { seconds: 60 }],
  ['several lines, the last of them a refusal', cc(['max-age=60', 'no-store']), { seconds: 0 }],
  ['max-age twice alike', cc('max-age=60, max-age=60'), { seconds: 60 }],
  ['max-age twice, and not alike', cc('max-age=60, max-age=90'), { seconds: 0 }],
  ['max-age of two lines that are not alike', cc(['max-age=90', 'max-age=60']), { seconds: 0 }],
  // quotation marks
  ['max-age inside of quotation marks', cc('foo="bar, max-age=100"'), undefined],
  ['no-store inside of quotation marks', cc('foo="no-store", max-age=60'), { seconds: 60 }],
  ['an escaped quotation mark', cc('foo="a\\", no-store, \\"", max-age=60'), { seconds: 60 }],
  ['a quotation that does not end', cc('foo="bar, max-age=60'), { seconds: 0 }],
  ['quotation marks around directives', cc('max-age=60, "no-store, private"'), { seconds: 0 }],
  ['quotation marks inside of a value', cc('max-age=60, foo=a", no-store, "b'), { seconds: 0 }],
  ['two quotations as one value', cc('max-age=60, foo="a"b", no-store"'), { seconds: 0 }],
  ['a quotation that ends in an escape', cc('max-age=60, foo="\\'), { seconds: 0 }],
  // Age
  ['an Age', cc('max-age=60', { age: '20' }), { seconds: 40 }],
  ['an Age over max-age', cc('max-age=60', { age: '90' }), { seconds: 0 }],
  ['an Age that nobody can count', cc('max-age=60', { age: '9'.repeat(400) }), { seconds: 0 }],
  ['an Age that is no number', cc('max-age=60', { age: 'old' }), { seconds: 60 }],
  ['an Age below 0', cc('max-age=60', { age: '-5' }), { seconds: 60 }],
  ['two Ages', cc('max-age=60', { age: ['20', '0'] }), { seconds: 40 }],
  ['two Ages in one', cc('max-age=60', { age: '20, 0' }), { seconds: 40 }],
  ['an Age and s-maxage', cc('s-maxage=60', { age: '20' }), { seconds: 40, revalidate: true }],
  // Expires
  ['Expires after Date', { expires: inAnHour, date: atNoon }, { seconds: 3_600 }],
  ['Expires without Date', { expires: inAnHour }, { seconds: 3_600 }],
  ['Expires at Date', { expires: atNoon, date: atNoon }, { seconds: 0 }],
  ['Expires before Date', { expires: atNoon, date: inAnHour }, { seconds: 0 }],
  ['Expires less the Age', { expires: inAnHour, date: atNoon, age: '600' }, { seconds: 3_000 }],
  ['Expires of 0', { expires: '0', date: atNoon }, { seconds: 0 }],
  ['Expires of -1', { expires: '-1', date: atNoon }, { seconds: 0 }],
  ['Expires that is no date', { expires: 'tomorrow', date: atNoon }, { seconds: 0 }],
  ['Expires as RFC 3339 writes it', { expires: '2026-11-21T13:00:00Z', date: atNoon }, { seconds: 0 }],
  ['Expires in another zone', { expires: 'Sat, 21 Nov 2026 13:00:00 CET', date: atNoon }, { seconds: 0 }],
  ['Expires as RFC 850 writes it', { expires: 'Saturday, 21-Nov-26 13:00:00 GMT', date: atNoon }, { seconds: 3_600 }],
  ['Expires as asctime writes it', { expires: 'Sat Nov 21 13:00:00 2026', date: atNoon }, { seconds: 3_600 }],
  ['Expires twice', { expires: [inAnHour, atNoon], date: atNoon }, { seconds: 0 }],
  ['Expires under max-age', cc('max-age=60', { expires: inAnHour, date: atNoon }), { seconds: 60 }],
  ['Expires under a max-age that cannot be read', cc('max-age=abc', { expires: inAnHour, date: atNoon }), { seconds: 0 }],
  ['Expires beside an unknown directive', cc('public', { expires: inAnHour, date: atNoon }), { seconds: 3_600 }],
  // Vary
  ['an answer that varies by anything', cc('max-age=60', { vary: 'accept, *' }), { seconds: 0 }],
  ['an answer that varies by one field', cc('max-age=60', { vary: 'accept' }), { seconds: 60 }],
];

describe('E3: what an upstream says of its answer', () => {
  test.each(vectors)('%s', (_, headers, expected) => {
    expect(freshnessOf(headers, now)).toEqual(
      expected && {
        maxAgeSeconds: expected.seconds,
        isPrivate: expected.private === true,
        ...(expected.revalidate && { mustRevalidate: true }),
      },
    );
  });

  const field = fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined));
  const anyHeaders = fc.record({ 'cache-control': field, age: field, expires: field, date: field, vary: field });

  test('whatever it is, it is read without an exception to a number that is not below 0', () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        const freshness = freshnessOf(headers, now);
        const seconds = freshness?.maxAgeSeconds ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(2 ** 31);
      }),
      { numRuns: 2_000 },
    );
  });

  const directive = fc.oneof(
    fc.nat(100_000).map((seconds) => `max-age=${seconds}`),
    fc.nat(100_000).map((seconds) => `s-maxage=${seconds}`),
    fc.constantFrom(
      'public',
      'private',
      'no-store',
      'no-cache',
      'must-revalidate',
      'foo="a, b"',
      'max-age=x',
      '"',
      '',
      'foo="a", no-store, "b"',
      'x"',
    ),
  );

  test('whatever stands around it, no answer is kept longer than the longest time named, and never when that is forbidden', () => {
    fc.assert(
      fc.property(fc.array(directive, { maxLength: 5 }), fc.nat(100_000), (directives, age) => {
        const freshness = freshnessOf(cc(directives.join(', '), { age: String(age) }), now);
        const named = directives.flatMap((one) => (/^s?-?max-?age=\d+$/.test(one) ? [Number(one.split('=')[1])] : []));
        const isForbidden = directives.includes('no-store') || directives.includes('no-cache');
        expect(freshness?.maxAgeSeconds ?? 0).toBeLessThanOrEqual(
          isForbidden ? 0 : Math.max(0, ...named.map((one) => one - age)),
        );
        if (isForbidden || directives.includes('private')) expect(freshness).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test('a word of ten thousand quotation marks and escapes is read in no time', () => {
    const started = performance.now();
    for (const word of ['"', '\\"', '"\\', ',"', 'a="']) freshnessOf(cc(word.repeat(5_000)), now);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('E3: what is said to who asks next', () => {
  const known: fc.Arbitrary<Freshness> = fc
    .record({ maxAgeSeconds: fc.nat(100_000), isPrivate: fc.boolean(), revalidate: fc.boolean() })
    .map(({ revalidate, ...freshness }) => ({ ...freshness, ...(revalidate && { mustRevalidate: true }) }));

  test('it is understood as it was meant', () => {
    fc.assert(
      fc.property(known, (freshness) => {
        const heard = freshnessOf(cc(cacheControl(freshness)), now);
        expect(heard).toEqual(freshness.maxAgeSeconds === 0 ? { maxAgeSeconds: 0, isPrivate: false } : freshness);
      }),
    );
  });

  test('part of a second is no second', () => {
    expect(cacheControl({ maxAgeSeconds: 59.9, isPrivate: false })).toBe('max-age=59');
    expect(cacheControl({ maxAgeSeconds: 0.9, isPrivate: true })).toBe('no-store');
  });

  test('of two answers the least holds, in either order', () => {
    fc.assert(
      fc.property(known, known, (one, other) => {
        const both = leastFresh(one, other);
        expect(both).toEqual(leastFresh(other, one));
        expect(both.maxAgeSeconds).toBe(Math.min(one.maxAgeSeconds, other.maxAgeSeconds));
        expect(both.isPrivate).toBe(one.isPrivate || other.isPrivate);
        expect(both.mustRevalidate).toBe(one.mustRevalidate || other.mustRevalidate);
      }),
    );
  });
});

test('E3: what was heard early in a call grows old with it', () => {
  const clock = handClock();
  const heard = heardFreshness(clock);
  expect(heard.told()).toBeUndefined();
  heard.hear({ maxAgeSeconds: 60, isPrivate: false });
  clock.advance(10_000);
  heard.hear({ maxAgeSeconds: 55, isPrivate: true });
  expect(heard.told()).toEqual({ maxAgeSeconds: 50, isPrivate: true });
  clock.advance(50_000);
  expect(heard.told()).toEqual({ maxAgeSeconds: 0, isPrivate: true });
});

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
  ['Friday, 06-Nov-76 08:49:37 GMT', '2076-11-06T08:49:37Z'],
  ['Sat, 21 Nov 2026 24:61:00 GMT', undefined],
  ['Sat, 21 Foo 2026 12:00:00 GMT', undefined],
  ['Sat, 41 Nov 2026 12:00:00 GMT', undefined],
])('the date %s is read', (value, expected) => {
  expect(httpDate(value, now)).toBe(expected && Date.parse(expected));
});
