import { parseValue as parseLiteral } from 'graphql';
import { expect, test } from 'vitest';
import { DateTime, Json } from '#kit/scalars.ts';

test.each([
  ['2026-11-20T08:30:00Z', '2026-11-20T08:30:00Z'],
  ['2026-11-20T08:30:00.123456789Z', '2026-11-20T08:30:00.123456789Z'],
  ['2026-11-20T08:30:00.5+00:00', '2026-11-20T08:30:00.500Z'],
  ['2026-11-20T09:30:00+01:00', '2026-11-20T08:30:00.000Z'],
  ['2026-11-20T20:42:19.543776', '2026-11-20T20:42:19.543Z'],
])('the service date %s is shown as %s', (given, shown) => {
  expect(DateTime.serialize(given)).toBe(shown);
});

test.each(['yesterday', '', '2026-13-01T00:00:00Z2', 5, null])('the service date %j is not the contract', (given) => {
  expect(() => DateTime.serialize(given)).toThrow('A service gave a date that cannot be read.');
});

test.each(['yesterday', 5, null])('the argument %j is bad input', (given) => {
  expect(() => DateTime.parseValue(given)).toThrow('A DateTime is written like 2026-11-20T08:30:00Z.');
});

test('JSON in a query becomes a value whose keys are data', () => {
  const value = Json.parseLiteral(parseLiteral('{ a: [1, "x", true, null, 1.5], __proto__: { polluted: 1 } }'), {});
  expect(JSON.stringify(value)).toBe('{"a":[1,"x",true,null,1.5],"__proto__":{"polluted":1}}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
