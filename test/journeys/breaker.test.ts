import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { LaboratoryUnderTest } from '#test/harness/laboratory.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

/** One call to storage each. */
const position = '{ samples(first: 1) { nodes { name storagePosition { positionIdentifier } } } }';

async function ask({ gateway }: LaboratoryUnderTest): Promise<string> {
  const { body } = await gateway.query(position);
  const { samples } = body.data as unknown as { samples: { nodes: { name: string; storagePosition: unknown }[] } };
  expect(samples.nodes[0]?.name).toEqual(expect.any(String));
  const [error, ...others] = body.errors ?? [];
  expect(others).toEqual([]);
  if (error === undefined) expect(samples.nodes[0]?.storagePosition).not.toBeNull();
  return error === undefined ? 'answered' : String(error.extensions['code']);
}

test('RE-01 F23 a circuit opens, calls nobody, lets three probes through, and closes', async () => {
  const states: string[] = [];
  const recoverySeconds = 0.5;
  await using laboratory = await startLaboratory({
    settings: { failureThreshold: 5, recoverySeconds, timeoutMs: 2_000 },
    onBreakerChange: (service, state) => states.push(`${service} ${state}`),
  });
  const reached = (): number => laboratory.calls.filter(({ service }) => service === 'storage').length;
  // Planned and connected before any time is measured.
  expect(await ask(laboratory)).toBe('answered');
  laboratory.calls.length = 0;

  laboratory.faults('storage', { kind: 'status', status: 500 });
  for (let asked = 0; asked < 5; asked++) expect(await ask(laboratory)).toBe('UPSTREAM_UNAVAILABLE');
  expect([states, reached()]).toEqual([['storage open'], 5]);

  const refused = await Promise.all(Array.from({ length: 20 }, () => ask(laboratory)));
  expect(new Set(refused)).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
  expect(reached()).toBe(5);

  laboratory.faults('storage', { kind: 'latency', latencyMs: 300 });
  await pause(recoverySeconds * 1_000);
  const since = performance.now();
  const probed = await Promise.all(
    Array.from({ length: 10 }, async () => ({ outcome: await ask(laboratory), afterMs: performance.now() - since })),
  );
  const failedFast = probed.filter(({ outcome }) => outcome === 'UPSTREAM_UNAVAILABLE');
  expect(probed.filter(({ outcome }) => outcome === 'answered')).toHaveLength(3);
  expect(failedFast).toHaveLength(7);
  for (const { afterMs } of failedFast) expect(afterMs).toBeLessThan(2_000);
  expect(reached()).toBe(5 + 3);
  expect(states).toEqual(['storage open', 'storage half-open', 'storage closed']);

  laboratory.faults('storage', []);
  expect(await Promise.all(Array.from({ length: 10 }, () => ask(laboratory)))).toEqual(
    Array.from({ length: 10 }, () => 'answered'),
  );
  expect(reached()).toBe(5 + 3 + 10);
});

test('a probe that fails opens the circuit again', async () => {
  const states: string[] = [];
  await using laboratory = await startLaboratory({
    settings: { failureThreshold: 5, recoverySeconds: 0.2 },
    onBreakerChange: (_, state) => states.push(state),
  });
  laboratory.faults('storage', { kind: 'status', status: 500 });
  for (let asked = 0; asked < 5; asked++) await ask(laboratory);
  await pause(250);
  for (let asked = 0; asked < 5; asked++) await ask(laboratory);
  expect(states).toEqual(['open', 'half-open', 'open']);
  expect(laboratory.calls.filter(({ service }) => service === 'storage')).toHaveLength(6);
});
