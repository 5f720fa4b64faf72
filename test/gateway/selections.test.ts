import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { nesting } from '#gateway/http/nesting.ts';
import { countSelections } from '#gateway/limits/selections.ts';
import { bookshop, composeForeign, startForeign } from '#test/harness/foreign.ts';
import { testGateway } from '#test/harness/gateway.ts';

function count(text: string): number {
  const document = parse(text);
  const operation = document.definitions.find((node) => node.kind === 'OperationDefinition');
  if (operation?.kind !== 'OperationDefinition') throw new Error('The text has no operation.');
  return countSelections(document, operation.selectionSet);
}

test('a fragment counts at each use as if it were written there', () => {
  expect(count('{ a { b c } d { b c } }')).toBe(6);
  expect(count('{ a { ...F } d { ...F } } fragment F on T { b c }')).toBe(6);
  expect(count('{ a { ... on T { b c } } d { ... { b c } } }')).toBe(6);
});

test('forty doublings are counted at once and do not overflow', () => {
  const doubling = Array.from({ length: 60 }, (_, index) => `fragment F${index} on T { ...F${index + 1} ...F${index + 1} }`).join(
    ' ',
  );
  expect(count(`{ ...F0 } ${doubling} fragment F60 on T { a b }`)).toBe(Number.MAX_SAFE_INTEGER);
});

test('a large operation is refused also after a small one of the same document was let pass', async () => {
  await using books = await startForeign(bookshop.books);
  await using gateway = await testGateway({ sdl: composeForeign([books]), env: { MAX_SELECTIONS: '3' } });
  const query = 'query Small { books { id } } query Large { books { ...F } books { ...F } } fragment F on Book { id title }';
  const send = (operationName: string) =>
    gateway.send({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName }),
    });
  expect((await send('Small')).body.errors).toBeUndefined();
  expect((await send('Large')).body.errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
});

test('brackets count outside strings and comments only', () => {
  expect(nesting('{ a(b: "((((") { c } }', '#')).toBe(2);
  expect(nesting('{ a # ((((\n { c } }', '#')).toBe(2);
  expect(nesting('{ a(b: """ (( \\""" (( """) }', '#')).toBe(2);
  expect(nesting('{"a":["[[[[\\"[["],"#":[[]]}', '"')).toBe(3);
  expect(nesting('['.repeat(20_000), '#')).toBe(20_000);
});
