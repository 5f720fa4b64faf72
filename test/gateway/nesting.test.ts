import { expect, test } from 'vitest';
import { nesting } from '#gateway/http/nesting.ts';

test('brackets count outside strings and comments only', () => {
  expect(nesting('{ a(b: "((((") { c } }', '#')).toBe(2);
  expect(nesting('{ a # ((((\n { c } }', '#')).toBe(2);
  expect(nesting('{ a(b: """ (( \\""" (( """) }', '#')).toBe(2);
  expect(nesting('{"a":["[[[[\\"[["],"#":[[]]}', '"')).toBe(3);
  expect(nesting('['.repeat(20_000), '#')).toBe(20_000);
});
