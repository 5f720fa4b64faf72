import { expect, test } from 'vitest';
import type { Call } from '#kit/call.ts';
import { stranger } from '#kit/caller.ts';
import { perCall } from '#kit/per-call.ts';

const newCall = (): Call => ({ requestId: 'r', signal: new AbortController().signal, caller: stranger });

test('a value is made once for each call, and a copy of a call is another', () => {
  const made: Call[] = [];
  const valueFor = perCall((call) => ({ number: made.push(call) }));
  const call = newCall();
  expect([valueFor(call), valueFor(call)]).toEqual([{ number: 1 }, { number: 1 }]);
  expect(valueFor({ ...call })).toEqual({ number: 2 });
  expect(valueFor(call)).toBe(valueFor(call));
  expect(made).toHaveLength(2);
});

test('two of them keep apart, and what they keep is not seen', () => {
  const [left, right] = [perCall(() => ({ side: 'left' })), perCall(() => ({ side: 'right' }))];
  const call = newCall();
  expect([left(call), right(call), left(call)]).toEqual([{ side: 'left' }, { side: 'right' }, { side: 'left' }]);
  expect(Object.keys(call)).toEqual(Object.keys(newCall()));
});
