import { expect, test } from 'vitest';
import { auditLog } from '#gateway/organizations/audit-log.ts';
import { batch } from '#gateway/organizations/batch.ts';
import { openEmbeddedStore } from '#kit/organizations/embedded-store.ts';
import { handClock } from '#test/harness/hand-clock.ts';

const failure = { eventType: 'security_event', severity: 'warning', sourceIp: '192.0.2.1' } as const;

/** Collects what is written; fails as long as it is told to. */
function sink() {
  const state = { written: [] as string[][], isFailing: false, errors: 0 };
  return Object.assign(state, {
    write: async (items: readonly string[]) => {
      if (state.isFailing) throw new Error('no store');
      state.written.push([...items]);
    },
    onError: () => void state.errors++,
    keyOf: (item: string) => item,
    merge: (kept: string) => kept,
  });
}

test('events are written with id and time when the log closes', async () => {
  await using store = openEmbeddedStore(':memory:');
  const clock = handClock();
  {
    await using log = auditLog({ store, clock, onError: () => undefined });
    log.record({ ...failure, organizationId: 'acme-genomics', statusCode: 401 });
    log.record({ ...failure, complianceTags: ['gdpr'] });
    expect(await store.auditEvents({ limit: 10 })).toEqual([]);
  }
  expect(await store.auditEvents({ organizationId: 'acme-genomics', limit: 10 })).toEqual([
    {
      ...failure,
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      timestamp: new Date(clock.now()),
      organizationId: 'acme-genomics',
      statusCode: 401,
      complianceTags: [],
    },
  ]);
  expect(await store.auditEvents({ limit: 10 })).toHaveLength(2);
});

test('events are written every few seconds', async () => {
  await using store = openEmbeddedStore(':memory:');
  const seen = Promise.withResolvers<number>();
  const addAuditEvents = async (events: Parameters<typeof store.addAuditEvents>[0]): Promise<void> => {
    await store.addAuditEvents(events);
    seen.resolve(events.length);
  };
  await using log = auditLog({ store: { addAuditEvents }, clock: handClock(), onError: () => undefined, everyMs: 10 });
  log.record(failure);
  expect(await seen.promise).toBe(1);
  expect(await store.auditEvents({ limit: 10 })).toHaveLength(1);
});

test('without a store events wait up to their bound, more are counted as lost, and recording never throws', async () => {
  const onError = () => undefined;
  const addAuditEvents = async () => Promise.reject(new Error('no store'));
  const log = auditLog({ store: { addAuditEvents }, clock: handClock(), onError, maxItems: 10 });
  for (let events = 0; events < 25; events++) log.record(failure);
  expect(log.lost()).toBe(15);
  await log[Symbol.asyncDispose]();
  expect(log.lost()).toBe(25);
});

test('what could not be written is tried again, in order and joined by its key', async () => {
  const into = sink();
  into.isFailing = true;
  const written = batch({ ...into, everyMs: 10 });
  written.add('one');
  written.add('two');
  written.add('one');
  await expect.poll(() => into.errors).toBeGreaterThan(1);
  into.isFailing = false;
  await expect.poll(() => into.written).toEqual([['one', 'two']]);
  await written[Symbol.asyncDispose]();
  expect(written.lost()).toBe(0);
});

test('a large batch is written in pieces, and only the pieces that failed are written again', async () => {
  const pieces: number[] = [];
  let isCut = false;
  await using items = batch<number>({
    keyOf: String,
    merge: (kept) => kept,
    onError: () => undefined,
    everyMs: 10,
    async write(piece) {
      if (pieces.length === 1 && !isCut) {
        isCut = true;
        throw new Error('cut');
      }
      pieces.push(piece.length);
    },
  });
  for (let item = 0; item < 1_200; item++) items.add(item);
  await expect.poll(() => pieces).toEqual([500, 500, 200]);
  expect(isCut).toBe(true);
});
