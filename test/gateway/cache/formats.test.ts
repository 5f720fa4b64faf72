import { expect, test } from 'vitest';
import { fillFormats, readFormat } from '#gateway/cache/formats.ts';
import { formattedTag } from '#gateway/cache/tags.ts';

const given = { key: { id: 's1', lab: { code: 7 } }, args: { id: '9', list: ['a', 'b'], none: null } };

test.each([
  ['plain', 'plain'],
  ['{$key.id}', 's1'],
  ['sample-{$key.id}-of-{$args.id}', 'sample-s1-of-9'],
  ['{$key.lab.code}{$key.id}:', '7s1:'],
  ['list-{$args.list}', 'list-["a","b"]'],
  ['{$other.id}', '{$other.id}'],
])('%s is filled with what is given', (format, text) => {
  expect(fillFormats([readFormat(format)], given)).toEqual([formattedTag(text)]);
});

test.each(['{$key.name}', 'a-{$args.none}', '{$key.lab.code.deeper}', '{$key.constructor}', '{$args.list.length.x}'])(
  '%s lacks a value and gives no tag',
  (format) => {
    expect(fillFormats([readFormat(format)], given)).toEqual([]);
  },
);

test('formats that lack nothing are filled beside those that do', () => {
  expect(fillFormats(['{$key.no}', 'b-{$key.id}', 'c'].map(readFormat), given)).toEqual(['b-s1', 'c'].map(formattedTag));
  expect(fillFormats([readFormat('{$key.id}')], {})).toEqual([]);
});
