import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { seriesValue } from '#test/harness/metrics-text.ts';
import { runProgram } from '#test/harness/process.ts';

const headers = { 'content-type': 'application/json', 'x-api-key': 'lg_test_HelixLabsEnterprisePlanDevKey001' };

/** A development gateway that follows a services file, and two places where the sample service is. */
async function startFollowing() {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const calls = [0, 0];
  const sandboxes = await Promise.all(
    [0, 1].map((place) =>
      startSandbox({ services: ['samples', 'storage'], ports: 'any', onCall: () => (calls[place] = (calls[place] ?? 0) + 1) }),
    ),
  );
  for (const sandbox of sandboxes) opening.use(sandbox);
  const urlOf = (service: 'samples' | 'storage', place: number): string => sandboxes[place]?.urls.get(service) ?? '';
  const file = join(folder, 'services.json');
  const write = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await write(JSON.stringify({ samples: { base_url: urlOf('samples', 0) } }));
  const gateway = opening.use(
    runProgram('gateway/main.ts', [], {
      GATEWAY_PORT: '0',
      SERVICES_PATH: file,
      SERVICES_POLL_MS: '20',
      STORAGE_SERVICE_URL: urlOf('storage', 0),
      CACHE_ENABLED: 'false',
      RATE_LIMIT_ENABLED: 'false',
      DATA_DIR: folder,
    }),
  );
  const banner = await gateway.printed("EnterprisePlanDevKey001'");
  const url = new URL(/http:\S+\/graphql/.exec(banner)?.[0] ?? '').href;
  const operators = /Operators (\S+)\/health/.exec(banner)?.[1];
  const reloads = async (result: 'ok' | 'failed'): Promise<number> =>
    seriesValue(await (await fetch(`${operators}/metrics`)).text(), `gateway_services_reloads_total{result="${result}"}`) ?? 0;
  const opened = opening.move();
  return {
    ...gateway,
    calls,
    urlOf,
    write,
    reloads,
    /** Writes the file and waits until it is in force. */
    async change(entries: object): Promise<void> {
      const before = await reloads('ok');
      await write(JSON.stringify(entries));
      await expect.poll(() => reloads('ok'), { timeout: 10_000 }).toBe(before + 1);
    },
    /** The code of the first error, or undefined. */
    async ask(query = '{ sample(barcode: "NONE-1") { id } }'): Promise<string | undefined> {
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
      return errors?.[0]?.extensions.code;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test('AD-04 RE-08 a service moves ten times under load by the services file, and no request fails', async () => {
  await using gateway = await startFollowing();
  const failed: unknown[] = [];
  let [running, answered] = [true, 0];
  const load = Array.from({ length: 4 }, async () => {
    while (running) {
      const code = await gateway.ask();
      if (code !== undefined) failed.push(code);
      answered++;
    }
  });
  for (let times = 1; times <= 10; times++) {
    await gateway.change({ samples: { base_url: gateway.urlOf('samples', times % 2) } });
    const before = [...gateway.calls];
    await expect.poll(() => (gateway.calls[times % 2] ?? 0) > (before[times % 2] ?? 0)).toBe(true);
  }
  running = false;
  await Promise.all(load);
  expect(failed).toEqual([]);
  expect(answered).toBeGreaterThan(50);
  const before = gateway.calls[1];
  await gateway.ask();
  expect(gateway.calls[1]).toBe(before);
});

test('RL-04 G10 a limit of the services file changes without a restart, others keep their count, and what is broken changes nothing', async () => {
  await using gateway = await startFollowing();
  const storage = { base_url: gateway.urlOf('storage', 0), rate_limit: 3 };
  const samples = { base_url: gateway.urlOf('samples', 0) };
  const askStorage = (): Promise<string | undefined> => gateway.ask('{ storageLocations { id } }');
  await gateway.change({ samples: { ...samples, rate_limit: 1 }, storage });
  expect([await gateway.ask(), await gateway.ask()]).toEqual([undefined, 'UPSTREAM_RATE_LIMITED']);
  expect([await askStorage(), await askStorage()]).toEqual([undefined, undefined]);

  await gateway.change({ samples: { ...samples, rate_limit: 2 }, storage });
  expect([await gateway.ask(), await gateway.ask(), await gateway.ask()]).toEqual([
    undefined,
    undefined,
    'UPSTREAM_RATE_LIMITED',
  ]);
  expect([await askStorage(), await askStorage()]).toEqual([undefined, 'UPSTREAM_RATE_LIMITED']);

  await gateway.write('{ "samples": { "base_u');
  await expect.poll(() => gateway.reloads('failed'), { timeout: 10_000 }).toBe(1);
  await gateway.write(JSON.stringify({ samples: { base_url: 'ftp://samples' } }));
  await expect.poll(() => gateway.reloads('failed'), { timeout: 10_000 }).toBe(2);
  expect([await gateway.ask(), await askStorage()]).toEqual(['UPSTREAM_RATE_LIMITED', 'UPSTREAM_RATE_LIMITED']);

  // The storage service has a URL of its own variable; what the file said of it goes with its entry.
  await gateway.change({ samples });
  expect([await gateway.ask(), await askStorage()]).toEqual([undefined, undefined]);
  gateway.kill('SIGTERM');
  const { stderr, code } = await gateway.ended;
  expect(code).toBe(0);
  const refusals = stderr.split('\n').filter((line) => line.includes('services refused; the old ones go on'));
  expect(refusals.map((line) => JSON.parse(line).reason)).toEqual([
    expect.stringMatching(/^SERVICES_PATH: /),
    expect.stringMatching(/^SERVICES_PATH: samples\.base_url/),
  ]);
});
