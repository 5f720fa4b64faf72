import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { stranger } from '#kit/caller.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { startLibrary } from './library.ts';

test('RC-07 a persisted query through GET says whether others may keep its answer, and an error that nobody may', async () => {
  await using library = await startLibrary();
  await using branch = await library.open({ clock: handClock(), env: { PUBLIC_FIELDS: 'Query.notice' } });
  const get = (query: string) => {
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash } });
    const ask = (search: Record<string, string>) =>
      branch.gateway.send({ path: `/graphql?${new URLSearchParams(search)}`, headers: { 'apollo-require-preflight': '1' } });
    return { unknown: () => ask({ extensions }), known: () => ask({ query, extensions }), again: () => ask({ extensions }) };
  };
  const kept = async (query: string) => {
    const { unknown, known, again } = get(query);
    expect((await unknown()).headers.get('cache-control')).toBe('no-store');
    await known();
    return (await again()).headers.get('cache-control');
  };
  // Beside the data, the answer to somebody known tells of a budget.
  expect(await kept('{ notice { text } }')).toBe('max-age=60, private');
  expect(await kept('{ diary { text } }')).toBe('max-age=60, private');
  expect(await kept('{ book(id: "1") { title } }')).toBe('max-age=60, private');
  expect(await kept('{ clock }')).toBe('no-store');
  library.failing.set('author a7', 'away');
  expect(await kept('{ book(id: "7") { author { name } } }')).toBe('no-store');
  // Of strangers no text is remembered, so that each brings its own.
  branch.caller = stranger;
  expect((await get('{ notice { text } }').known()).headers.get('cache-control')).toBe('max-age=60, public');
});
