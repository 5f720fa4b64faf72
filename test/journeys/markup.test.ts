import { expect, test } from 'vitest';
import { startLaboratory } from '#test/harness/laboratory.ts';

const sample = '5a000000-0000-4000-8000-000000000001';
const markup = `<script>alert(1)</script><img src=x onerror="alert(2)">&lt; "' \`\${7*7}\` {{7*7}}`;

test('SE-04 markup that a client stores is given back as it was, as data that no browser takes for a page', async () => {
  await using laboratory = await startLaboratory();
  const { query } = laboratory.gateway;
  const change = 'mutation ($id: ID!, $name: String!) { updateSample(id: $id, input: { name: $name }) { name } }';
  const changed = await query(change, { id: sample, name: markup });
  expect(changed.body).toEqual({ data: { updateSample: { name: markup } } });
  const read = await query(`{ sample(id: "${sample}") { name } }`);
  expect(read.body.data).toEqual({ sample: { name: markup } });
  expect(read.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
  expect(read.headers.get('x-content-type-options')).toBe('nosniff');
});

test('SE-04 a refusal that repeats markup is JSON as well', async () => {
  await using laboratory = await startLaboratory();
  const { send } = laboratory.gateway;
  for (const path of [`/graphql?query=${encodeURIComponent('{ <script>alert(1)</script> }')}`, '/<script>alert(1)</script>']) {
    const answer = await send({ path, headers: { accept: 'text/html, */*', 'apollo-require-preflight': '1' } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('SE-04 a control character in a name is refused before any call', async () => {
  await using laboratory = await startLaboratory();
  const change = 'mutation ($id: ID!, $name: String!) { updateSample(id: $id, input: { name: $name }) { name } }';
  for (const name of ['a\u0000b', 'a\u001b[2Jb', '\u0007']) {
    laboratory.calls.length = 0;
    const { body } = await laboratory.gateway.query(change, { id: sample, name });
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(laboratory.calls).toEqual([]);
  }
});
