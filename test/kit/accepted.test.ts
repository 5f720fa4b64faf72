import { expect, test } from 'vitest';
import { z } from 'zod';
import { accepted } from '#kit/accepted.ts';

const Row = z
  .object({
    id: z.union([z.string(), z.number()]).transform(String),
    facts: z.record(z.string(), z.unknown()),
    at: z.string().nullish(),
  })
  .transform(({ id, facts, at }) => ({ id, facts, when: at ?? null }));
const Rows = z.object({ rows: z.array(Row) });

const values: readonly unknown[] = [
  { rows: [] },
  { rows: [{ id: 7, facts: { a: [1, null], __typename: 'x' } }], more: true },
  JSON.parse('{"rows":[{"id":"é","facts":{"__proto__":{"a":1},"constructor":2},"at":null}]}'),
  { rows: [{ id: true, facts: {} }] },
  { rows: [{ id: 1, facts: [] }] },
  { rows: {} },
  [],
  null,
  'rows',
];

test('the first answer, checked as it is, and all later ones, checked by generated code, are judged alike', () => {
  for (const value of values) {
    const schema = Rows.clone();
    const [first, ...later] = [1, 2, 3, 4].map(() => accepted(schema, value));
    expect(first).toEqual(Rows.safeParse(value));
    for (const one of later) expect(one).toEqual(first);
    expect(later.map((one) => JSON.stringify(one.data))).toEqual(later.map(() => JSON.stringify(first?.data)));
  }
});

test('what was accepted is no part of what was sent', () => {
  const value = { rows: [{ id: 1, facts: { a: 1 } }] };
  const results = [accepted(Rows, value), accepted(Rows, value), accepted(Rows, value)];
  for (const { data } of results) {
    expect(data?.rows[0]).toEqual({ id: '1', facts: { a: 1 }, when: null });
    expect(data?.rows[0]?.facts).not.toBe(value.rows[0]?.facts);
  }
});
