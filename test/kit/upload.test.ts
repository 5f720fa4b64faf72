import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { memoryBudget } from '#kit/memory-budget.ts';
import { UploadScalar } from '#kit/scalars.ts';
import { digestOf, Upload } from '#kit/upload.ts';

const upload = (filename: string, mimetype = 'text/plain', content = 'secret content'): Upload =>
  new Upload({ filename, mimetype, bytes: Buffer.from(content) });

test.for([
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\plate.xlsx', 'plate.xlsx'],
  ['a/b\\c.txt', 'c.txt'],
  ['line\r\nbreak\u0000.txt', 'linebreak.txt'],
  ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
  ['Müller 試料.csv', 'Müller 試料.csv'],
  ['  spaced.txt  ', 'spaced.txt'],
  ['', 'file'],
  ['.', 'file'],
  ['..', 'file'],
  ['a/..', 'file'],
  ['a/', 'file'],
  ['.hidden', '.hidden'],
  ['\uD800.txt', '\uFFFD.txt'],
] as const)('the file name %j is kept as %j', ([given, kept]) => {
  expect(upload(given).filename).toBe(kept);
});

test('a long file name is cut to 255 characters before its ending', () => {
  expect(upload(`${'x'.repeat(300)}.csv`).filename).toBe(`${'x'.repeat(251)}.csv`);
  expect(upload(`a.${'x'.repeat(300)}`).filename).toBe(`a.${'x'.repeat(253)}`);
  expect(upload(`${'🧬'.repeat(200)}.csv`).filename.isWellFormed()).toBe(true);
});

test.for([
  ['Text/CSV', 'text/csv'],
  ['application/vnd.ms-excel', 'application/vnd.ms-excel'],
  ['text/plain\r\nx: y', 'application/octet-stream'],
  ['', 'application/octet-stream'],
] as const)('the media type %j is kept as %j', ([given, kept]) => {
  expect(upload('a', given).mimetype).toBe(kept);
});

test('the content shows in no text of an upload', () => {
  for (const text of [JSON.stringify(upload('a.txt')), inspect(upload('a.txt')), JSON.stringify({ ...upload('a.txt') })])
    expect(text).not.toMatch(/secret|115/);
});

test('the digest is that of the content alone', async () => {
  expect(await digestOf(upload('a.txt'))).toBe(await digestOf(upload('b.txt', 'text/csv')));
  expect(await digestOf(upload('a.txt'))).not.toBe(await digestOf(upload('a.txt', 'text/plain', 'other content')));
});

test('only an upload is one', () => {
  const real = upload('a.txt');
  expect(UploadScalar.parseValue(real)).toBe(real);
  for (const fake of [{ ...real }, Object.create(null), 'a', null, JSON.parse(JSON.stringify(real))])
    expect(() => UploadScalar.parseValue(fake)).toThrow('An Upload is a file part of a multipart request');
});

test('memory is shared out up to its bound and comes back once', () => {
  const budget = memoryBudget(10);
  const one = budget.open();
  const other = budget.open();
  one.take(6);
  expect(() => other.take(5)).toThrow('Too many files are being sent at this moment');
  other.take(4);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  other.take(6);
  expect(() => budget.open().take(1)).toThrow();
});
