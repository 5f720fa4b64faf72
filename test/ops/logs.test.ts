import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExpectedError } from '#kit/errors.ts';
import { lineQueue } from '#ops/log/line-queue.ts';
import { openLog } from '#ops/log/open-log.ts';
import { requestLog } from '#ops/log/request-log.ts';
import { rotatedFile } from '#ops/log/rotated-file.ts';
import { createLogger } from '#ops/logger.ts';
import { administrator, partner } from '#test/harness/callers.ts';

const inFolder = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const path = await mkdtemp(join(tmpdir(), 'lab-gateway-log-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
};

const settings = { level: 'info', maxBytes: 10_000, keep: 2, maxWaiting: 1024 * 1024 };
const clock = { now: () => Date.now() };
const onDrop = (): void => undefined;

const linesOf = (texts: readonly string[]): readonly Record<string, unknown>[] =>
  texts
    .join('')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const ended = {
  requestId: 'request-0001',
  method: 'POST',
  route: '/graphql',
  status: 200,
  seconds: 0.0123,
  isOperation: true,
  address: '192.0.2.1',
  caller: administrator,
  codes: [],
};

const written = (options = {}) => {
  const texts: string[] = [];
  const logger = createLogger({ level: 'info' }, { write: (text: string) => void texts.push(text) });
  return { log: requestLog({ logger, access: true, slowSeconds: 1, ...options }), lines: () => linesOf(texts), texts };
};

test('OB-41 every line is JSON with time, level, logger, message and request id', () => {
  const { log, lines } = written();
  log({ ...ended, operation: { name: 'Samples', isRegistered: true }, kind: 'query', reserved: 53, spent: 12 });
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      logger: 'gateway',
      stream: 'app',
      message: 'request',
      requestId: 'request-0001',
      method: 'POST',
      route: '/graphql',
      status: 200,
      durationMs: 12.3,
      caller: 'user',
      organization: administrator.organization,
      subject: expect.stringMatching(/^[0-9a-f]{16}$/),
      operation: 'Samples',
      registered: true,
      kind: 'query',
      costEstimated: 53,
      cost: 12,
    },
  ]);
});

test('AU-05 the line of a request names the organization and its key', () => {
  const { log, lines } = written();
  log({ ...ended, caller: { ...partner('acme-genomics', []), keyId: 'key_one' } });
  expect(lines()).toMatchObject([{ caller: 'partner', organization: 'acme-genomics', keyId: 'key_one' }]);
});

test('OB-45 OB-46 a refusal stands in the security log, a slow operation once in the performance log', () => {
  const { log, lines } = written();
  log({ ...ended, status: 429, codes: ['RATE_LIMITED'] });
  log({ ...ended, seconds: 1.2, operation: { name: 'Slow', isRegistered: false } });
  const streams = (name: string) => lines().filter(({ stream }) => stream === name);
  expect(streams('security')).toMatchObject([{ message: 'request refused', codes: ['RATE_LIMITED'], address: '192.0.2.1' }]);
  expect(streams('performance')).toMatchObject([{ message: 'slow operation', operation: 'Slow' }]);
  expect(streams('app')).toHaveLength(2);
});

test('OB-44 without access lines refusals and slow operations are still told', () => {
  const { log, lines } = written({ access: false });
  log(ended);
  log({ ...ended, codes: ['FORBIDDEN'] });
  expect(lines()).toMatchObject([{ stream: 'security' }]);
});

test('G6 what clients choose can neither end a line nor colour a terminal', () => {
  const { log, texts } = written();
  const hostile = 'x\n{"level":"fatal"}\r\u001b[31m\u0000$\u007bjndi:ldap://a}\u2028';
  log({ ...ended, method: hostile, operation: { name: hostile.repeat(20), isRegistered: false } });
  expect(texts).toHaveLength(1);
  expect([...(texts[0] ?? '').trimEnd()].filter((character) => character < ' ')).toEqual([]);
  expect(String(linesOf(texts)[0]?.['operation']).length).toBeLessThanOrEqual(128);
});

test('G5 of an error that is not ours only its kind and code are told, and its stack to who looks for faults', () => {
  const texts: string[] = [];
  const destination = { write: (text: string) => void texts.push(text) };
  const foreign = Object.assign(new TypeError('mongodb://user:canary@host'), { code: 'ECONNREFUSED', canary: 'canary' });
  const ours = new ExpectedError('UPSTREAM_TIMEOUT', 'The samples service did not answer in time.', { cause: foreign });
  createLogger({ level: 'info' }, destination).error({ err: ours }, 'failed');
  expect(texts.join('')).not.toContain('canary');
  expect(linesOf(texts)[0]?.['err']).toEqual({
    type: 'ExpectedError',
    message: 'The samples service did not answer in time.',
    code: 'UPSTREAM_TIMEOUT',
    cause: { type: 'TypeError', code: 'ECONNREFUSED' },
  });
  createLogger({ level: 'debug' }, destination).error({ err: foreign }, 'failed');
  expect(linesOf(texts)[1]?.['err']).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('logs.test') });
});

test('OB-44 the level changes while the process runs, of every stream', async () => {
  await using folder = await inFolder();
  const file = join(folder.path, 'gateway.log');
  {
    await using log = await openLog({ settings: { ...settings, file }, clock, onDrop });
    const stream = log.logger.child({ stream: 'security' });
    log.setLevel('error');
    stream.info('silenced');
    log.logger.warn('silenced');
    log.setLevel('debug');
    stream.debug('heard');
  }
  expect(linesOf([await readFile(file, 'utf8')])).toMatchObject([{ message: 'heard', level: 'debug' }]);
});

test('OB-42 a file above its size is put aside, and as many stay as are wanted', async () => {
  await using folder = await inFolder();
  const file = join(folder.path, 'deeper', 'gateway.log');
  {
    await using log = await openLog({ settings: { ...settings, file }, clock, onDrop });
    for (let turn = 0; turn < 40; turn++) {
      for (let line = 0; line < 10; line++) log.logger.info({ turn, line, pad: 'x'.repeat(50) }, 'a line');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  expect((await readdir(join(folder.path, 'deeper'))).toSorted()).toEqual(['gateway.log', 'gateway.log.1', 'gateway.log.2']);
  const [newest = '', before = ''] = await Promise.all([readFile(file, 'utf8'), readFile(`${file}.1`, 'utf8')]);
  expect(before.length).toBeLessThanOrEqual(settings.maxBytes);
  expect(linesOf([newest]).at(-1)).toMatchObject({ turn: 39, line: 9 });
});

test('OB-42 no file grows beyond its size by what is written at once, and no line is broken', async () => {
  await using folder = await inFolder();
  const path = join(folder.path, 'gateway.log');
  const sink = await rotatedFile({ path, maxBytes: 10, keep: 5, clock });
  await sink.write('one\n');
  await sink.write('two\nthree\nä-four\n');
  await sink.write('a line that is longer than a file\nsix\n');
  await sink.write('ä-seven\n');
  await sink.close();
  const files = [5, 4, 3, 2, 1].map((number) => `${path}.${number}`);
  const texts = await Promise.all([...files, path].map((each) => readFile(each, 'utf8').catch(() => undefined)));
  expect(texts).toEqual(['one\ntwo\n', 'three\n', 'ä-four\n', 'a line that is longer than a file\n', 'six\n', 'ä-seven\n']);
});

test('OB-42 a file of yesterday is put aside', async () => {
  await using folder = await inFolder();
  const file = join(folder.path, 'gateway.log');
  let now = Date.UTC(2026, 10, 20, 23, 59);
  {
    await using log = await openLog({ settings: { ...settings, file }, clock: { now: () => now }, onDrop });
    log.logger.info('yesterday');
    await new Promise((resolve) => setTimeout(resolve, 50));
    now += 120_000;
    log.logger.info('today');
  }
  expect(linesOf([await readFile(`${file}.1`, 'utf8')])).toMatchObject([{ message: 'yesterday' }]);
  expect(linesOf([await readFile(file, 'utf8')])).toMatchObject([{ message: 'today' }]);
});

test('G17 a full disk costs lines and nothing else', async () => {
  let lost = 0;
  const broken = { write: () => Promise.reject(new Error('ENOSPC')), writeNow: () => undefined, close: async () => undefined };
  await using queue = lineQueue({ sink: broken, onDrop: (lines) => (lost += lines) });
  for (let line = 0; line < 3; line++) queue.write('a line\n');
  await expect.poll(() => lost).toBe(3);
});

test('G17 a reader that has stopped costs lines beyond the bound, and those within it come once it reads again', async () => {
  const written: string[] = [];
  const { promise: reads, resolve: readOn } = Promise.withResolvers<void>();
  const sink = {
    write: async (text: string) => {
      await reads;
      written.push(text);
    },
    writeNow: () => undefined,
    close: async () => undefined,
  };
  let lost = 0;
  await using queue = lineQueue({ sink, maxWaiting: 1_000, onDrop: (lines) => (lost += lines) });
  for (let line = 0; line < 200; line++) queue.write(`${String(line).padStart(9, '0')}\n`);
  expect(lost).toBe(100);
  readOn();
  await expect.poll(() => written.join('').length).toBe(1_000);
  queue.write('after\n');
  await expect.poll(() => written.join('')).toContain('after');
});

test('a pipe is written in order and to its end', async () => {
  const script = `
    import { standardError } from '${new URL('../../ops/log/standard-error.ts', import.meta.url).pathname}';
    import { lineQueue } from '${new URL('../../ops/log/line-queue.ts', import.meta.url).pathname}';
    await using queue = lineQueue({ sink: standardError(1), onDrop: () => { throw new Error('lost'); } });
    for (let line = 0; line < 20000; line++) queue.write(String(line).padStart(99, '.') + '\\n');`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', maxBuffer: 1e8 });
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(20_000);
  expect(lines.every((line, at) => line === String(at).padStart(99, '.'))).toBe(true);
});
