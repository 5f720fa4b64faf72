import { readFile } from 'node:fs/promises';
import type { ASTNode, DocumentNode } from 'graphql';
import { Kind, parse, visit } from 'graphql';
import { expect, test } from 'vitest';
import { check } from '#schema/check.ts';
import { compose } from '#schema/compose.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])';
const single = (fields: string) => compose([{ name: 'one', url: 'local:one', sdl: `${link} type Query { ${fields} }` }]);

test('@requires with field arguments is refused, because Apollo answers it wrongly without an error', () => {
  const prices = `${link} type Item @key(fields: "id") { id: ID! price(currency: String): Int } type Query { item: Item }`;
  const shipping = `${link} type Item @key(fields: "id") { id: ID! price(currency: String): Int @external cost: Int @requires(fields: "price(currency: \\"EUR\\")") }`;
  expect(() =>
    compose([
      { name: 'prices', url: 'local:prices', sdl: prices },
      { name: 'shipping', url: 'local:shipping', sdl: shipping },
    ]),
  ).toThrow('[shipping] Item.cost: @requires with field arguments');
});

test('subgraphs that do not fit together are refused with every reason', () => {
  const left = `${link} type Query { thing: Thing } type Thing { id: ID! size: Int }`;
  const right = `${link} type Thing { id: ID! size: String }`;
  expect(() =>
    compose([
      { name: 'left', url: 'local:left', sdl: left },
      { name: 'right', url: 'local:right', sdl: right },
    ]),
  ).toThrow(/size/);
});

test('RC-13 a removed field is a breaking change, an added one is only a drift', () => {
  const committed = single('a: Int b: Int');
  expect(check(committed, single('a: Int'))).toEqual({ breaking: ['Query.b was removed.'], dangerous: [], drifted: true });
  expect(check(committed, single('a: Int b: Int c: Int'))).toEqual({ breaking: [], dangerous: [], drifted: true });
  expect(check(committed, single('a: Int b: Int'))).toEqual({ breaking: [], dangerous: [], drifted: false });
});

/** Coordinates of everything in a document that may carry a description and has none. */
function silent(document: DocumentNode): readonly string[] {
  const found: string[] = [];
  const parents: string[] = [];
  const isDescribed = (node: ASTNode): boolean => !('description' in node) || node.description != null;
  visit(document, {
    enter(node) {
      if (!('name' in node) || node.name === undefined || !describable.has(node.kind)) return;
      parents.push(node.name.value);
      if (!isDescribed(node)) found.push(parents.join('.'));
    },
    leave(node) {
      if (describable.has(node.kind)) parents.pop();
    },
  });
  return found;
}

const describable: ReadonlySet<string> = new Set([
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.ENUM_VALUE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.FIELD_DEFINITION,
  Kind.INPUT_VALUE_DEFINITION,
]);

test('what has no description is found', () => {
  expect(silent(parse('"x" type A { "y" b(c: Int): Int d: E } enum E { F }'))).toEqual(['A.b.c', 'A.d', 'E', 'E.F']);
});

test('every type, field, argument and enum value of the public API is described', async () => {
  expect(silent(parse(await readFile(new URL(import.meta.resolve('#schema/api.graphql')), 'utf8')))).toEqual([]);
});
