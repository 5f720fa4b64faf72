import { expect, test } from 'vitest';
import { batcher } from '#gateway/execution/batch.ts';

const batch = batcher((entity) => entity);

const a = (keys: object) => ({ __typename: 'A', ...keys });
const b = (keys: object) => ({ __typename: 'B', ...keys });

test.for([
  ['the same key', a({ id: '1' }), a({ id: '1' }), 1],
  ['other keys', a({ id: '1' }), a({ id: '2' }), 2],
  ['other types', a({ id: '1' }), b({ id: '1' }), 2],
  ['other names', a({ id: '1' }), a({ code: '1' }), 2],
  ['text and number', a({ id: '1' }), a({ id: 1 }), 2],
  ['the same numbers', a({ id: 1 }), a({ id: 1 }), 1],
  ['one key and several', a({ id: '1' }), a({ id: '1', lot: '2' }), 2],
  ['several that could run together', a({ a: 'x', b: 'y:z' }), a({ a: 'x:y', b: 'z' }), 2],
  ['several that are the same', a({ a: 'x', b: [1] }), a({ a: 'x', b: [1] }), 1],
  ['an object and its text', a({ id: { a: 1 } }), a({ id: '{"a":1}' }), 2],
  ['a name that every object has', a({ constructor: '1' }), a({ constructor: '1' }), 1],
] as const)('two entities with %s', ([, left, right, different]) => {
  const entities = [left, right];
  const { representations, targets } = batch(entities);
  expect(representations).toHaveLength(different);
  expect(targets.flat()).toEqual(entities);
  for (const [index, same] of targets.entries()) for (const entity of same) expect(entity).toEqual(representations[index]);
});

test('what is not to be asked for is left out', () => {
  const odd = batcher((entity) => (Number(entity['id']) % 2 === 1 ? entity : null));
  const entities = ['1', '2', '3', '1'].map((id) => ({ __typename: 'A', id }));
  expect(odd(entities)).toEqual({
    representations: [entities[0], entities[2]],
    targets: [[entities[0], entities[3]], [entities[2]]],
  });
});
