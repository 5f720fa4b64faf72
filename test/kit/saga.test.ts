import { describe, expect, test } from 'vitest';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { SagaParts, Step } from '#kit/saga.ts';
import { saga } from '#kit/saga.ts';

const refused = () => new ExpectedError('BAD_USER_INPUT', 'It is taken.');
const failed = () => upstreamError('UPSTREAM_UNAVAILABLE', 'things');

/** A service that keeps words; each write may fail before or after it took effect. */
type Service = {
  readonly kept: Set<string>;
  readonly writes: string[];
  readonly reads: string[];
  /** What happens at a write, by its name. */
  readonly trouble: Map<string, 'refused' | 'failed before' | 'failed after' | 'committed later' | 'a bug after'>;
  /** Changes that take effect after the next read. */
  readonly late: (() => void)[];
  /** Words that can be read no more. */
  readonly unreadable: Set<string>;
};

const openService = (trouble: Service['trouble'] = new Map()): Service => ({
  kept: new Set(),
  writes: [],
  reads: [],
  trouble,
  late: [],
  unreadable: new Set(),
});

async function write({ writes, trouble, late }: Service, name: string, change: () => void): Promise<string> {
  writes.push(name);
  const happens = trouble.get(name);
  if (happens === 'refused') throw refused();
  if (happens === 'failed before') throw failed();
  if (happens === 'committed later') {
    late.push(change);
    throw failed();
  }
  change();
  if (happens === 'failed after') throw failed();
  if (happens === 'a bug after') throw new TypeError('undefined is no function');
  return `written ${name}`;
}

async function isKept({ kept, reads, late, unreadable }: Service, word: string): Promise<boolean> {
  reads.push(word);
  if (unreadable.has(word)) throw failed();
  const found = kept.has(word);
  for (const change of late.splice(0)) change();
  return found;
}

/** Keeps a word; its undo drops it again. */
const keep = (word: string, last = false): Step<Service, string> => ({
  done: `${word} kept`,
  run: (service) => write(service, word, () => service.kept.add(word)),
  find: async (service) => ((await isKept(service, word)) ? `found ${word}` : null),
  ...(!last && {
    undo: () => [
      {
        run: (service) => write(service, `-${word}`, () => service.kept.delete(word)),
        find: async (service) => ((await isKept(service, word)) ? null : true),
      },
    ],
  }),
});

function partsOf(service: Service, signal = new AbortController().signal) {
  const leftBehind: Error[] = [];
  const parts: SagaParts<Service> = {
    signal,
    clients: service,
    detached: () => service,
    onLeftBehind: (error) => leftBehind.push(error),
  };
  return { parts, leftBehind };
}

const threeSteps = (parts: SagaParts<Service>) =>
  saga(parts, async (step) => [await step(keep('a')), await step(keep('b')), await step(keep('c', true))]);

const run = async (service: Service) => {
  const { parts, leftBehind } = partsOf(service);
  const outcome = await threeSteps(parts).catch((error: unknown) => error);
  return { outcome, leftBehind, kept: [...service.kept] };
};

test('every step is written once and none is read', async () => {
  const service = openService();
  expect(await run(service)).toMatchObject({ outcome: ['written a', 'written b', 'written c'], kept: ['a', 'b', 'c'] });
  expect([service.writes, service.reads]).toEqual([['a', 'b', 'c'], []]);
});

describe.each([
  ['a', ['a']],
  ['b', ['a', 'b', '-a']],
  ['c', ['a', 'b', 'c', '-b', '-a']],
])('step %s', (word, writes) => {
  test('refused: those before are undone in reverse', async () => {
    const service = openService(new Map([[word, 'refused']]));
    expect(await run(service)).toMatchObject({
      outcome: { code: 'BAD_USER_INPUT', message: 'It is taken.', extensions: { outcome: 'ROLLED_BACK' } },
      leftBehind: [],
      kept: [],
    });
    expect([service.writes, service.reads]).toEqual([writes, []]);
  });

  test('failed before it took effect: counts as refused', async () => {
    const service = openService(new Map([[word, 'failed before']]));
    const { outcome, kept } = await run(service);
    expect(outcome).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', extensions: { outcome: 'ROLLED_BACK', retryable: true } });
    expect([kept, service.writes, service.reads]).toEqual([[], writes, [word, word]]);
  });

  test.each(['failed after', 'a bug after'] as const)('%s it took effect: counts as done', async (happens) => {
    const service = openService(new Map([[word, happens]]));
    const { outcome, kept } = await run(service);
    expect(outcome).toContain(`found ${word}`);
    expect([kept, service.writes, service.reads]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], [word]]);
  });

  test('nobody can say what became of it: it is told as left', async () => {
    const service = openService(new Map([[word, 'failed before']]));
    service.unreadable.add(word);
    const { outcome, leftBehind } = await run(service);
    expect(outcome).toMatchObject({ extensions: { outcome: 'UNKNOWN', retryable: false, left: [`${word} kept`] } });
    expect(leftBehind).toEqual([outcome]);
    expect(service.writes).toEqual(writes);
  });
});

test('a step that took effect only after it was looked for is undone as well', async () => {
  const service = openService(new Map([['b', 'committed later']]));
  expect(await run(service)).toMatchObject({ outcome: { extensions: { outcome: 'ROLLED_BACK' } }, kept: [] });
  expect(service.writes).toEqual(['a', 'b', '-a', '-b']);
});

test('a last step that took effect late has no way back, and the answer says so', async () => {
  const service = openService(new Map([['c', 'committed later']]));
  expect(await run(service)).toMatchObject({ outcome: { extensions: { outcome: 'UNKNOWN', left: ['c kept'] } }, kept: ['c'] });
});

describe.each(['refused', 'failed before'] as const)('an undo that is %s', (happens) => {
  test('is told as left, and the others are undone all the same', async () => {
    const service = openService(
      new Map([
        ['c', 'refused'],
        ['-b', happens],
      ]),
    );
    const { outcome, leftBehind, kept } = await run(service);
    expect(outcome).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'It is taken. To be mended by hand: b kept.',
      extensions: { outcome: 'UNKNOWN', retryable: false, left: ['b kept'] },
    });
    expect([leftBehind, kept]).toEqual([[outcome], ['b']]);
    expect(service.writes).toEqual(['a', 'b', 'c', '-b', '-a']);
  });
});

test('what is left is told in the order in which it was done', async () => {
  const service = openService(
    new Map([
      ['c', 'refused'],
      ['-b', 'refused'],
      ['-a', 'failed before'],
    ]),
  );
  expect(await run(service)).toMatchObject({ outcome: { extensions: { left: ['a kept', 'b kept'] } } });
});

test('an undo that failed after it took effect is an undo, and is written once', async () => {
  const service = openService(
    new Map([
      ['c', 'refused'],
      ['-b', 'failed after'],
    ]),
  );
  expect(await run(service)).toMatchObject({ outcome: { extensions: { outcome: 'ROLLED_BACK' } }, kept: [] });
  expect(service.writes).toEqual(['a', 'b', 'c', '-b', '-a']);
});

test('what somebody else has taken back meanwhile is taken back', async () => {
  const service = openService(
    new Map([
      ['b', 'refused'],
      ['-a', 'refused'],
    ]),
  );
  const { parts } = partsOf(service);
  const work = saga(parts, async (step) => {
    await step(keep('a'));
    service.kept.delete('a');
    await step(keep('b'));
  });
  await expect(work).rejects.toMatchObject({ extensions: { outcome: 'ROLLED_BACK' } });
});

test('once the caller has gone no step begins, and what was done is undone', async () => {
  const service = openService();
  const caller = new AbortController();
  const { parts } = partsOf(service, caller.signal);
  const work = saga(parts, async (step) => {
    await step(keep('a'));
    caller.abort(new Error('gone'));
    await step(keep('b'));
  });
  await expect(work).rejects.toMatchObject({ code: 'GATEWAY_TIMEOUT', extensions: { outcome: 'ROLLED_BACK' } });
  expect([service.writes, [...service.kept]]).toEqual([['a', '-a'], []]);
});

test('reading again and undoing share one set of clients of their own, made when first needed', async () => {
  const service = openService(
    new Map([
      ['a', 'failed after'],
      ['b', 'refused'],
    ]),
  );
  const { parts } = partsOf(service);
  let made = 0;
  const detached = (): Service => {
    made++;
    return service;
  };
  await expect(threeSteps({ ...parts, detached })).rejects.toThrow();
  expect(made).toBe(1);
  await threeSteps({ ...parts, clients: openService(), detached });
  expect(made).toBe(1);
});

test('a bug of the work itself undoes what was done and stays a bug', async () => {
  const service = openService();
  const { parts } = partsOf(service);
  const bug = new TypeError('undefined is no function');
  const work = saga(parts, async (step) => {
    await step(keep('a'));
    throw bug;
  });
  const error = await work.catch((reason: unknown) => reason);
  expect(error).not.toBeInstanceOf(ExpectedError);
  expect(error).toMatchObject({ cause: bug });
  expect([...service.kept]).toEqual([]);
});
