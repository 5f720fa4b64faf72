import { expect, test } from 'vitest';
import { batcher } from '#gateway/execution/batch.ts';

const batch = batcher((entity) => entity);

test.for([
  [
    'the same key',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'A', id: '1' },
    ],
    1,
  ],
  [
    'other keys',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'A', id: '2' },
    ],
    2,
  ],
  [
    'other types',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'B', id: '1' },
    ],
    2,
  ],
  [
    'other names',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'A', code: '1' },
    ],
    2,
  ],
  [
    'text and number',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'A', id: 1 },
    ],
    2,
  ],
  [
    'the same numbers',
    [
      { __typename: 'A', id: 1 },
      { __typename: 'A', id: 1 },
    ],
    1,
  ],
  [
    'one key and several',
    [
      { __typename: 'A', id: '1' },
      { __typename: 'A', id: '1', lot: '2' },
    ],
    2,
  ],
  [
    'several that could run together',
    [
      { __typename: 'A', a: 'x', b: 'y:z' },
      { __typename: 'A', a: 'x:y', b: 'z' },
    ],
    2,
  ],
  [
    'several that are the same',
    [
      { __typename: 'A', a: 'x', b: [1] },
      { __typename: 'A', a: 'x', b: [1] },
    ],
    1,
  ],
  [
    'an object and its text',
    [
      { __typename: 'A', id: { a: 1 } },
      { __typename: 'A', id: '{"a":1}' },
    ],
    2,
  ],
  [
    'a name that every object has',
    [
      { __typename: 'A', constructor: '1' },
      { __typename: 'A', constructor: '1' },
    ],
    1,
  ],
] as const)('two entities with %s', ([, entities, different]) => {
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
