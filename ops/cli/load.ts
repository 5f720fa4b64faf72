import { gatewayOptions } from './ask-gateway.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import type { LoadReport } from './load/run.ts';
import { runLoad } from './load/run.ts';
import type { Question, Scenario } from './load/scenarios.ts';
import { mixes, scenarios } from './load/scenarios.ts';
import { operationsOfManifest } from './operations.ts';
import { sayRecord } from './print.ts';
import { commonOptions, readWords } from './words.ts';

const help = `Asks a running gateway as several users do, and tells how it went.

  npm run cli -- load smoke --key lg_test_HelixLabsEnterprisePlanDevKey001
  npm run cli -- load spike --operations src/operations --token eyJ… --json

  smoke   5 users for 30 seconds      at most 0.1 % errors, p95 100 ms, p99 500 ms
  load    20 users for 5 minutes      at most 1 % errors, p95 1 s, p99 3 s
  stress  40 users for 5 minutes      at most 5 % errors
  spike   60 users for 1 minute       at most 5 % errors

  --users       in place of the scenario's users
  --seconds     in place of the scenario's time
  --rate        requests that each user sends in a second (1); 0 for as fast as answers come
  --mix         laboratory: lists, single things, what hangs together, limits, health (the default);
                batch: statements submitted, watched, listed and read, limits, health
  --operations  folder of .graphql and .gql files, or a persisted query manifest, in place of a mix
  --url         endpoint (http://127.0.0.1:8000/graphql)
  --key         organization key, sent as X-API-Key
  --token       JWT, sent as Authorization: Bearer
  --json        print the report as JSON

What a limit refuses (429) or an overloaded gateway sheds (503 OVERLOADED) is counted apart and is no error; more than 300 requests
a minute need a plan that allows them. Ctrl-C ends the run early and reports what was seen.
Exit code 0 when the scenario's bounds hold, 1 when one does not or nothing was answered, 2 for wrong words.`;

async function run(words: readonly string[]): Promise<number> {
  const { positionals, values } = readWords(words, ['scenario'], {
    ...commonOptions,
    ...gatewayOptions,
    users: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '1' },
    mix: { type: 'string', default: 'laboratory' },
    operations: { type: 'string' },
  });
  const scenario = wanted(positionals[0] ?? '', values);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const report = await runLoad({
    ...scenario,
    url: new URL(values.url),
    headers: credentialOf(values),
    questions: values.operations === undefined ? mixOf(values.mix) : await questionsOf(values.operations),
    perSecond: numberOf('--rate', values.rate),
    signal: stop.signal,
    onProgress: ({ succeeded, limited, failed }) =>
      progress(`${succeeded} answered, ${limited} limited, ${failed} failed of ${scenario.seconds} s`),
  });
  progress('');
  const missed = missedBy(report, scenario);
  sayRecord({ scenario: positionals[0], ...told(report, missed, values.json) }, values);
  return missed.length === 0 ? 0 : 1;
}

function wanted(
  name: string,
  { users, seconds }: { readonly users?: string | undefined; readonly seconds?: string | undefined },
): Scenario {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario === undefined)
    throw new UsageError(`There is no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}.`);
  return {
    ...scenario,
    ...(users !== undefined && { users: atLeastOne('--users', users) }),
    ...(seconds !== undefined && { seconds: atLeastOne('--seconds', seconds) }),
  };
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 1e6)) throw new UsageError(`${option} is a number from 0 on.`);
  return number;
}

function atLeastOne(option: string, text: string): number {
  const number = numberOf(option, text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`${option} is a whole number from 1 on.`);
  return number;
}

const credentialOf = ({ key, token }: { readonly key?: string | undefined; readonly token?: string | undefined }) => ({
  ...(key !== undefined && { 'x-api-key': key }),
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
});

function mixOf(name: string): readonly Question[] {
  const mix = Object.hasOwn(mixes, name) ? mixes[name] : undefined;
  if (mix === undefined) throw new UsageError(`There is no mix ${name}; there are ${Object.keys(mixes).join(' and ')}.`);
  return mix;
}

async function questionsOf(place: string): Promise<readonly Question[]> {
  const operations = await operationsOfManifest(place);
  return operations.map(({ name, query, operationName }) => ({ name, body: { query, operationName } }));
}

/** What the scenario promises and the run did not keep. */
function missedBy({ succeeded, errorRate, latency }: LoadReport, { maxErrorRate, maxP95, maxP99 }: Scenario): readonly string[] {
  return [
    ...(succeeded === 0 ? ['nothing was answered'] : []),
    ...(errorRate > maxErrorRate ? [`errors ${percent(errorRate)} > ${percent(maxErrorRate)}`] : []),
    ...(maxP95 !== undefined && latency.p95 > maxP95 ? [`p95 ${latency.p95} ms > ${maxP95} ms`] : []),
    ...(maxP99 !== undefined && latency.p99 > maxP99 ? [`p99 ${latency.p99} ms > ${maxP99} ms`] : []),
  ];
}

const percent = (share: number): string => `${Math.round(share * 100_000) / 1_000} %`;

/** For people shares are percents, and what has several parts is one line. */
function told({ errorRate, latency, failures, ...report }: LoadReport, missed: readonly string[], json: boolean) {
  if (json) return { ...report, failures, errorRate, latency, missed };
  const kinds = Object.entries(failures).map(([kind, times]) => `${kind} ${times}`);
  const times = Object.entries(latency).map(([name, ms]) => `${name} ${ms} ms`);
  const line = (parts: readonly string[]): string => parts.join(', ') || 'none';
  return { ...report, failures: line(kinds), errorRate: percent(errorRate), latency: line(times), missed: line(missed) };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

export const load: Command = { summary: 'ask as several users do, and report: smoke, load, stress, spike', help, run };
