import { expect, test } from 'vitest';
import { faultTable } from '#test/harness/fault-table.ts';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';
import { startVictim } from '#test/harness/victim.ts';

/** Needs nothing of the struck service. */
const unharmed = '{ samples(first: 2) { totalCount nodes { name status template { name } } } }';

const positions = '{ samples(first: 3) { nodes { name storagePosition { positionIdentifier } } } }';

/** No circuit: each fault is to be seen at every call. */
const settings = { timeoutMs: 8_000, circuitBreaker: false } as const;

/** A short deadline only where it is to pass; what else may take long on a busy machine is not about time. */
const settingsFor = (code: string) => ({ ...settings, ...(code === 'UPSTREAM_TIMEOUT' && { timeoutMs: 1_000 }) });

const ask = async ({ gateway }: LaboratoryUnderTest) => {
  const { status, body, text } = await gateway.query(positions);
  const { samples } = body.data as unknown as { samples: { nodes: { name: string; storagePosition: unknown }[] } };
  return { status, errors: body.errors ?? [], nodes: samples.nodes, text };
};

test.each(faultTable)('RE-06 %s costs its own fields, says why, and is over when it ends', async (_, fault, code) => {
  await using laboratory = await startLaboratory({ settings: settingsFor(code) });
  // Planned before the clock of a short deadline runs.
  await ask(laboratory);
  await using victim = await startVictim({ url: `${laboratory.gateway.url}/graphql`, query: unharmed });
  laboratory.faults('storage', fault);
  const struck = await ask(laboratory);
  expect(struck.status).toBe(200);
  expect(struck.nodes.map(({ storagePosition }) => storagePosition)).toEqual([null, null, null]);
  expect(struck.nodes.every(({ name }) => name.length > 0)).toBe(true);
  expect(struck.errors.map(({ path }) => path?.join('.')).sort()).toEqual(
    [0, 1, 2].map((index) => `samples.nodes.${index}.storagePosition`),
  );
  for (const { extensions } of struck.errors) expect(extensions).toMatchObject({ code, service: 'storage' });
  expect(struck.text).not.toMatch(/internal|password|127\.0\.0\.1|169\.254|http:|stack/i);
  await expect.poll(victim.asked, { timeout: 10_000 }).toBeGreaterThan(5);
  laboratory.faults('storage', []);
  const healed = await ask(laboratory);
  expect(healed.errors).toEqual([]);
  expect(healed.nodes[0]?.storagePosition).not.toBeNull();
  expect(await victim.stop()).toMatchObject({ wrong: [], errors: [] });
});

test('F14 the time to wait comes through', async () => {
  await using laboratory = await startLaboratory({ settings });
  laboratory.faults('storage', { kind: 'rateLimited', retryAfterSeconds: 7 });
  const { errors } = await ask(laboratory);
  expect(errors[0]?.extensions['retryAfter']).toBe(7);
});

test('a passing failure of a read is not seen by the caller', async () => {
  await using laboratory = await startLaboratory({ settings });
  laboratory.faults('templates', { kind: 'status', status: 503, times: 1 });
  const { body } = await laboratory.gateway.query('{ templates { name } }');
  expect(body.errors).toBeUndefined();
});

test('an open circuit leaves a failing service alone and the others at work', async () => {
  await using laboratory = await startLaboratory({ settings: { timeoutMs: 8_000, recoverySeconds: 60 } });
  laboratory.faults('storage', { kind: 'status', status: 500 });
  for (let asked = 0; asked < 3; asked++) await ask(laboratory);
  laboratory.calls.length = 0;
  const { nodes, errors } = await ask(laboratory);
  expect(nodes).toHaveLength(3);
  expect(errors.map(({ extensions }) => extensions['code'])).toEqual(Array.from({ length: 3 }, () => 'UPSTREAM_UNAVAILABLE'));
  expect(laboratory.calls.filter(({ service }) => service === 'storage')).toEqual([]);
});
