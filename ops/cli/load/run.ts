import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Question, Scenario } from './scenarios.ts';

type Asked = Pick<Scenario, 'users' | 'seconds'> & {
  /** Scheme, host and port, and the path of questions that name none. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly questions: readonly Question[];
  /** Requests that each user sends in a second; 0 for one after the other without a pause. */
  readonly perSecond: number;
  /** Ends the run early; what was counted stays. */
  readonly signal: AbortSignal;
  readonly onProgress: (soFar: Counts) => void;
};

type Counts = {
  /** Answered as asked. */
  succeeded: number;
  /** Refused by a limit, or shed by a gateway that has too much to do. */
  limited: number;
  failed: number;
};

export type LoadReport = Counts & {
  readonly users: number;
  readonly seconds: number;
  readonly requests: number;
  /** Of those that no limit refused, 0 to 1. */
  readonly errorRate: number;
  readonly requestsPerSecond: number;
  /** Milliseconds from the first byte sent to the last one read, of what no limit refused. */
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p95' | 'p99' | 'max', number>>;
  /** How often each failure was met, by code or kind. */
  readonly failures: Readonly<Record<string, number>>;
};

/** Lets users ask side by side, each one question at a time, and tells how it went. */
export async function runLoad(asked: Asked): Promise<LoadReport> {
  const { users, seconds, url, signal, onProgress } = asked;
  const pool = new Pool(url.origin, { connections: users, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const tally = tallied();
  const begun = performance.now();
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
  const progress = setInterval(() => onProgress(tally.counts), 1_000);
  const user = async (number: number): Promise<void> => {
    const { perSecond, questions } = asked;
    const between = perSecond === 0 ? 0 : 1_000 / perSecond;
    await rest((between * number) / users, over);
    const ask = asksInTurn(questions, number);
    while (!over.aborted) {
      const sent = performance.now();
      await ask((question) => askOnce(pool, question, asked)).then((answer) => tally.add(answer, performance.now() - sent));
      await rest(between - (performance.now() - sent), over);
    }
  };
  await Promise.all(Array.from({ length: users }, (_, number) => user(number)));
  clearInterval(progress);
  await pool.destroy();
  return { users, ...tally.report((performance.now() - begun) / 1_000) };
}

const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  milliseconds > 0 ? pause(milliseconds, undefined, { signal }).catch(() => undefined) : Promise.resolve();

type Outcome = { readonly kind: keyof Counts; readonly failure?: string; readonly id?: string | undefined };

/** One user's questions, each with the job of that user where it needs one. */
function asksInTurn(questions: readonly Question[], first: number) {
  let turn = first;
  let job: string | undefined;
  return async (ask: (question: Question) => Promise<Outcome>): Promise<Outcome> => {
    const next = questions[turn++ % questions.length] ?? nothing;
    const question = next.needsJob && job === undefined ? (questions.find(({ startsJob }) => startsJob) ?? next) : next;
    const outcome = await ask(question.needsJob ? { ...question, body: { ...question.body, variables: { id: job } } } : question);
    if (question.startsJob) job = outcome.id;
    return outcome;
  };
}

const nothing: Question = { name: 'nothing' };

async function askOnce(pool: Pool, { path, body }: Question, { url, headers }: Asked): Promise<Outcome> {
  try {
    const response = await pool.request({
      path: path ?? url.pathname,
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return judged(response.statusCode, await response.body.text());
  } catch (error) {
    return { kind: 'failed', failure: (error as NodeJS.ErrnoException).code ?? 'no answer' };
  }
}

/** Errors of an answer of 200 count as well: part of what was asked is missing. */
function judged(status: number, text: string): Outcome {
  const code = /"code":"([A-Z_]{1,64})"/.exec(text)?.[1];
  if (status === 429 || code === 'RATE_LIMITED' || code === 'OVERLOADED') return { kind: 'limited' };
  if (status === 200 && !text.includes('"errors":[')) return { kind: 'succeeded', id: /"id":"([^"]{1,64})"/.exec(text)?.[1] };
  return { kind: 'failed', failure: code ?? `status ${status}` };
}

function tallied() {
  const counts: Counts = { succeeded: 0, limited: 0, failed: 0 };
  const failures: Record<string, number> = {};
  // Whole microseconds, as a histogram wants them.
  const histogram = createHistogram();
  const milliseconds = (microseconds: number): number => Math.round(microseconds / 10) / 100;
  return {
    counts,
    add({ kind, failure }: Outcome, latencyMs: number): void {
      counts[kind] += 1;
      if (kind !== 'limited') histogram.record(Math.max(1, Math.round(latencyMs * 1_000)));
      if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
    },
    report(seconds: number) {
      const { succeeded, limited, failed } = counts;
      const requests = succeeded + limited + failed;
      const at = (percentile: number): number => milliseconds(histogram.percentile(percentile));
      const latency = { p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: milliseconds(histogram.max) };
      const judgedRequests = succeeded + failed;
      return {
        ...counts,
        seconds: Math.round(seconds * 10) / 10,
        requests,
        errorRate: judgedRequests === 0 ? 0 : failed / judgedRequests,
        requestsPerSecond: Math.round((requests / seconds) * 10) / 10,
        latency: judgedRequests === 0 ? { p50: 0, p90: 0, p95: 0, p99: 0, max: 0 } : latency,
        failures,
      };
    },
  };
}
