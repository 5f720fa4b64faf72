import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');

const operands = /([\w.)'"]+)\s*[!=]==?(?!=)\s*([\w.'"]+)/g;
const isSecret = (operand: string): boolean =>
  /(?:secret|token|password|salt|signature|keyHash|hashedKey|apiKey)\)?$/i.test(operand);
/** Whether there is a secret at all may be asked in any way. */
const isFixed = (operand: string): boolean => /^(?:undefined|null|\d+|['"].*)$/.test(operand);

/** True for a comparison that ends at the first difference, and so tells how much of a guess was right. */
const comparesSecrets = (line: string): boolean =>
  [...line.matchAll(operands)].some(
    ([, left = '', right = '']) => (isSecret(left) && !isFixed(right)) || (isSecret(right) && !isFixed(left)),
  );

test.each([
  ['if (token === expected) return true;', true],
  ['return given !== config.adminToken;', true],
  ['stored.keyHash == hash', true],
  ['right === this.password', true],
  ['if (token === undefined) throw refused;', false],
  ["if (password !== '') return;", false],
  ["typeof apiKey === 'string'", false],
  ['timingSafeEqual(keyHash, digestOf(key))', false],
  ['if (token.kind === kinds.name) advance();', false],
])('%s: %s', (line, found) => {
  expect(comparesSecrets(line)).toBe(found);
});

test('SE-30 no secret is compared with ===', () => {
  const files = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', 'gateway/*.ts', 'kit/*.ts', 'subgraphs/*.ts'],
    { cwd: root, encoding: 'utf8' },
  )
    .trim()
    .split('\n')
    .filter((file) => existsSync(resolve(root, file)));
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) =>
    readFileSync(resolve(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (comparesSecrets(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
