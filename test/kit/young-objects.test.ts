import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Bytes of 20,000 objects that went at once, which were made among the old ones because others like them had lasted. */
async function oldBytes(...words: readonly string[]): Promise<number> {
  // With a small young generation the engine makes up its mind early.
  const args = ['--max-semi-space-size=1', 'test/kit/old-bytes.ts', ...words];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout).bytes;
}

test('what is made for a request is made among the young objects, however long the like of it lasted', async () => {
  expect(await oldBytes()).toBeGreaterThan(2_000_000);
  expect(await oldBytes('young')).toBeLessThan(200_000);
});
