import { expect, test } from 'vitest';
import { parseJson } from '#kit/exact-json.ts';

test('whole numbers beyond 2^53 keep every digit as a string, all others are numbers', () => {
  const text =
    '{"big":9007199254740993,"minus":[-9223372036854775808],"safe":9007199254740991,"float":1234567890123456.5,"text":"9007199254740993","exponent":1e30}';
  expect(parseJson(text)).toEqual({
    big: '9007199254740993',
    minus: ['-9223372036854775808'],
    safe: 9007199254740991,
    float: 1234567890123456.5,
    text: '9007199254740993',
    exponent: 1e30,
  });
});

test('what is no JSON is refused as by JSON.parse', () => {
  expect(() => parseJson('{"a":')).toThrow(SyntaxError);
  expect(() => parseJson('{"a":9007199254740993')).toThrow(SyntaxError);
});
