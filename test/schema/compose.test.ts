import { readFile } from 'node:fs/promises';
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

test('a removed field is a breaking change, an added one is only a drift', () => {
  const committed = single('a: Int b: Int');
  expect(check(committed, single('a: Int'))).toEqual({ breaking: ['Query.b was removed.'], dangerous: [], drifted: true });
  expect(check(committed, single('a: Int b: Int c: Int'))).toEqual({ breaking: [], dangerous: [], drifted: true });
  expect(check(committed, single('a: Int b: Int'))).toEqual({ breaking: [], dangerous: [], drifted: false });
});

test('every type, field, argument and enum value of the public API is described', async () => {
  const { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } = await import(
    'graphql'
  );
  const api = buildSchema(await readFile(new URL(import.meta.resolve('#schema/api.graphql')), 'utf8'));
  const silent: string[] = [];
  const roots = new Set([api.getQueryType(), api.getMutationType()]);
  for (const type of Object.values(api.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    if (!type.description && !roots.has(type as never)) silent.push(type.name);
    if (isEnumType(type)) for (const value of type.getValues()) if (!value.description) silent.push(`${type.name}.${value.name}`);
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.description) silent.push(`${type.name}.${field.name}`);
      if ('args' in field)
        for (const argument of field.args)
          if (!argument.description) silent.push(`${type.name}.${field.name}(${argument.name}:)`);
    }
  }
  expect(silent).toEqual([]);
});
