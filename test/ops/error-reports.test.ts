import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExpectedError } from '#kit/errors.ts';
import type { ErrorReport } from '#ops/log/error-reports.ts';
import { errorReports } from '#ops/log/error-reports.ts';
import { createLogger } from '#ops/logger.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-gateway-errors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clock = { now: () => Date.UTC(2026, 10, 20) };

function reporting(hook: (report: ErrorReport) => unknown) {
  const failures: unknown[] = [];
  const onError = errorReports({ hook, version: '1.2.3', clock, onFailure: (error) => failures.push(error) });
  return { failures, logger: createLogger({ level: 'info', onError }, { write: () => undefined }) };
}

test('OB-53 an unexpected error is reported once, without its message; what was foreseen is not', async () => {
  const reports: ErrorReport[] = [];
  const { logger } = reporting((report) => reports.push(report));
  const error = Object.assign(new TypeError('canary of a client'), { code: 'ERR_SOMETHING' });
  logger.child({ stream: 'app' }).error({ err: error, requestId: 'r-1', service: 'samples' }, 'unexpected error');
  logger.fatal({ err: new Error('canary') }, 'nobody caught this');
  logger.error({ err: new ExpectedError('NOT_FOUND', 'canary') }, 'foreseen');
  logger.error({ err: error, reason: error }, 'supergraph refused');
  logger.warn({ err: error }, 'only a warning');
  expect(reports).toEqual([]);
  await expect.poll(() => reports).toHaveLength(2);
  const told = { time: '2026-11-20T00:00:00.000Z', version: '1.2.3' };
  expect(reports).toEqual([
    { ...told, name: 'TypeError', code: 'ERR_SOMETHING', requestId: 'r-1', service: 'samples' },
    { ...told, name: 'Error', service: 'gateway' },
  ]);
});

test('a hook that throws, rejects or never ends holds nobody up and is counted', async () => {
  const throwing = reporting(() => {
    throw new Error('of the hook');
  });
  throwing.logger.error({ err: new Error() }, 'unexpected error');
  await expect.poll(() => throwing.failures).toHaveLength(1);
  const stuck = reporting(() => new Promise(() => undefined));
  for (let number = 0; number < 150; number++) stuck.logger.error({ err: new Error() }, 'unexpected error');
  expect(stuck.failures).toHaveLength(50);
});

test('OB-53 a process hands what nobody caught to the module of ERROR_HOOK_PATH; its own throw is told once', async () => {
  await using bookshop = await serveBookshop();
  const [hook, out] = [join(folder, 'hook.mjs'), join(folder, 'reports')];
  await writeFile(
    hook,
    `import { appendFileSync } from 'node:fs';
export default (report) => { appendFileSync(${JSON.stringify(out)}, JSON.stringify(report)); throw new Error('full'); };`,
  );
  const gateway = await bookshop.start({
    ERROR_HOOK_PATH: hook,
    ...onUserSignal("setImmediate(() => { throw new RangeError('canary-of-a-client') })"),
  });
  gateway.kill('SIGUSR2');
  const { stderr, code } = await gateway.ended;
  expect(code).toBe(1);
  const report = await readFile(out, 'utf8');
  expect(JSON.parse(report)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    name: 'RangeError',
    service: 'gateway',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
  expect(stderr.match(/did not take a report/g)).toHaveLength(1);
});

test('a module that is no hook stops the start with one line', async () => {
  await using bookshop = await serveBookshop();
  await writeFile(join(folder, 'none.mjs'), 'export const hook = 1;');
  await expect(bookshop.start({ ERROR_HOOK_PATH: join(folder, 'none.mjs') })).rejects.toThrow(
    /ERROR_HOOK_PATH: the default export/,
  );
});

test('OB-53 OB-54 without a hook, SENTRY_DSN and DATADOG_API_KEY are told to be of no use, by name alone', async () => {
  await using bookshop = await serveBookshop();
  const gateway = await bookshop.start({ SENTRY_DSN: 'https://canary@sentry.example/1', DATADOG_API_KEY: 'canary' });
  gateway.kill('SIGTERM');
  const { stderr } = await gateway.ended;
  expect(stderr.match(/nothing here uses it/g)).toHaveLength(2);
  expect(stderr).not.toContain('canary');
});
