import { isDeepStrictEqual } from 'node:util';

/** What a healthy caller met while others were struck. */
type Suffered = {
  readonly asked: number;
  /** Answers that were not the right one, word for word. */
  readonly wrong: readonly string[];
  /** Requests without an answer of status 200. */
  readonly errors: readonly string[];
  /** Milliseconds of each answer, shortest first. */
  readonly latencies: readonly number[];
};

export type Victim = AsyncDisposable & {
  /** How often it asked so far. */
  readonly asked: () => number;
  /** Waits for what was asked and tells of it; nothing more is asked. */
  readonly stop: () => Promise<Suffered>;
};

type Options = {
  /** Address of the endpoint. */
  readonly url: string;
  /** An operation that needs nothing of what is struck. */
  readonly query: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** 20 unless told (reliability rules, section 1.5). */
  readonly perSecond?: number;
};

/** Learns the right answer, then asks again and again at a steady rate, however slow the answers are. */
export async function startVictim({ url, query, headers, perSecond = 20 }: Options): Promise<Victim> {
  const body = JSON.stringify({ query });
  const ask = async (): Promise<{ readonly status: number; readonly text: string }> => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    return { status: response.status, text: await response.text() };
  };
  const right: unknown = JSON.parse((await ask()).text);
  const [wrong, errors, latencies, asked]: [string[], string[], number[], Promise<void>[]] = [[], [], [], []];
  const once = async (): Promise<void> => {
    const since = performance.now();
    const { status, text } = await ask().catch((error: unknown) => ({ status: 0, text: String(error) }));
    latencies.push(performance.now() - since);
    if (status !== 200) errors.push(`${status} ${text}`);
    else if (!isDeepStrictEqual(JSON.parse(text), right)) wrong.push(text);
  };
  const timer = setInterval(() => asked.push(once()), 1_000 / perSecond);
  const stop = async (): Promise<Suffered> => {
    clearInterval(timer);
    await Promise.all(asked);
    return { asked: asked.length, wrong, errors, latencies: latencies.toSorted((left, right) => left - right) };
  };
  return { stop, asked: () => asked.length, [Symbol.asyncDispose]: async () => void (await stop()) };
}
