import { expect, test } from 'vitest';
import { UsageError } from '#ops/cli/command.ts';
import { readDuration, readList, readMoment, readObject, readWords } from '#ops/cli/words.ts';

const options = { json: { type: 'boolean', default: false }, name: { type: 'string' } } as const;

test('words are read by their place, options by their name', () => {
  expect(readWords(['acme', '--name', 'Acme', 'premium'], ['organization', 'plan'], options)).toMatchObject({
    positionals: ['acme', 'premium'],
    values: { json: false, name: 'Acme' },
  });
});

test.for([
  [['acme'], 'Which plan'],
  [['acme', 'premium', 'more'], 'more is one word too many'],
  [['acme', 'premium', '--colour'], '--colour'],
  [['acme', 'premium', '--name'], '--name'],
] as const)('%j is a matter of usage', ([words, said]) => {
  expect(() => readWords(words, ['organization', 'plan'], options)).toThrow(said);
  expect(() => readWords(words, ['organization', 'plan'], options)).toThrow(UsageError);
});

test.for([
  ['15s', 15_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['90d', 7_776_000_000],
] as const)('%s are %i milliseconds', ([text, ms]) => {
  expect(readDuration('--overlap', text)).toBe(ms);
});

test.for(['', '1', 'd', '-1d', '1.5h', '1w', '10000000d', 'soon'])('%j is no time', (text) => {
  expect(() => readDuration('--overlap', text)).toThrow(UsageError);
});

test('a moment is a time from now or a date', () => {
  expect(readMoment('--expires', '1h', 1_000)).toEqual(new Date(3_601_000));
  expect(readMoment('--expires', '2027-01-31', 0)).toEqual(new Date('2027-01-31T00:00:00Z'));
  expect(readMoment('--expires', '2027-01-31T12:00:00Z', 0)).toEqual(new Date('2027-01-31T12:00:00Z'));
  for (const text of ['2027-13-31', 'tomorrow', '31.1.2027']) expect(() => readMoment('--expires', text, 0)).toThrow(UsageError);
});

test('lists are what stands between commas, objects are JSON objects', () => {
  expect(readList(' a, b,,c ')).toEqual(['a', 'b', 'c']);
  expect(readObject('--limits', '{"maxQueryCost":1}')).toEqual({ maxQueryCost: 1 });
  for (const text of ['[1]', 'null', '7', '{', '']) expect(() => readObject('--limits', text)).toThrow(UsageError);
});
