import type { Target } from './targets.ts';

export type Loaded = {
  readonly asked: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 200 or had errors, and requests without an answer. */
  readonly failed: number;
  /** Answers with other data than expected. */
  readonly differing: number;
};

/** Asks one query; the data as it came, undefined when it failed. */
export async function ask({ url, headers }: Target, query: string): Promise<string | undefined> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query }) };
  try {
    const response = await fetch(url, init);
    const { data, errors } = (await response.json()) as { readonly data?: unknown; readonly errors?: unknown };
    return response.status === 200 && errors === undefined ? JSON.stringify(data) : undefined;
  } catch {
    return undefined;
  }
}

/** The right data of each query. @throws Error where a gateway does not answer one of them */
export async function answersOf(target: Target, texts: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  for (const text of texts) {
    const data = await ask(target, text);
    if (data === undefined) throw new Error(`No answer to ${text}`);
    answers.set(text, data);
  }
  return answers;
}

type Load = { readonly expected: ReadonlyMap<string, string>; readonly until: Promise<unknown> };

const callers = 8;

/** Asks all queries in turn, several at once, until it is enough. */
export async function loadOn(target: Target, { expected, until }: Load): Promise<Loaded> {
  const questions = [...expected];
  const latencies: number[] = [];
  let failed = 0;
  let differing = 0;
  let isOver = false;
  const caller = async (_: unknown, first: number): Promise<void> => {
    for (let at = first; !isOver; at += 1) {
      const [text, right] = questions[at % questions.length] ?? ['', ''];
      const since = performance.now();
      const data = await ask(target, text);
      latencies.push(performance.now() - since);
      if (data === undefined) failed += 1;
      else if (data !== right) differing += 1;
    }
  };
  const working = Promise.all(Array.from({ length: callers }, caller));
  await until;
  isOver = true;
  await working;
  latencies.sort((left, right) => left - right);
  const percentile = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return { asked: latencies.length, p50: percentile(0.5), p99: percentile(0.99), failed, differing };
}
