import { setTimeout as pause } from 'node:timers/promises';
import type { FaultInput } from '#ops/sandbox/faults/fault.ts';
import { startVictim } from '#test/harness/victim.ts';

export type Row = Measured & { readonly name: string; readonly circuit: string };

type Measured = {
  /** What the struck caller met, most frequent first. */
  readonly codes: readonly string[];
  /** Time to the struck caller's answer: the middle one and the longest, in milliseconds. */
  readonly answerMs: number;
  readonly worstMs: number;
  readonly victim: { readonly asked: number; readonly failed: number; readonly p50: number; readonly p99: number };
  /** From the fault's end to the first right answer; null when there was none within 20 s. */
  readonly recoveryMs: number | null;
};

type Struck = {
  readonly url: string;
  /** The credential of both callers. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service that fails. */
  readonly storageUrl: string;
  readonly fault: FaultInput;
  /** Pause between two calls of the struck caller; four calls at once when undefined. */
  readonly everyMs: number | undefined;
  readonly lastsMs: number;
};

const unharmed = '{ samples(first: 2) { totalCount nodes { name status template { name } } } }';
const harmed = '{ samples(first: 1) { nodes { name storagePosition { positionIdentifier } } } }';

type Call = { readonly code: string; readonly ms: number };

/** One fault from its start to its recovery. */
export async function suffer({ url, headers, storageUrl, fault, everyMs, lastsMs }: Struck): Promise<Measured> {
  const ask = asker(url, headers);
  // Good calls push the failures of the fault before out of the circuit's window of 20.
  for (let calls = 0; calls < 20; calls++) await ask();
  const victim = await startVictim({ url, query: unharmed, headers });
  await setFaults(storageUrl, fault);
  const ended = pause(lastsMs);
  const struck = everyMs === undefined ? Array.from({ length: 4 }, ask) : await askUntil(ended, ask, everyMs);
  await ended;
  await setFaults(storageUrl, []);
  const recoveryMs = await recovery(ask);
  const calls = await Promise.all(struck);
  const { asked, wrong, errors, latencies } = await victim.stop();
  const times = calls.map(({ ms }) => ms).toSorted((left, right) => left - right);
  return {
    codes: byFrequency(calls.map(({ code }) => code)),
    answerMs: percentile(times, 0.5),
    worstMs: percentile(times, 1),
    victim: { asked, failed: wrong.length + errors.length, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    recoveryMs,
  };
}

type Ask = () => Promise<Call>;

const asker =
  (url: string, headers: Struck['headers']): Ask =>
  async () => {
    const since = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: harmed }),
    });
    const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    return { code: errors[0]?.extensions.code ?? 'right', ms: performance.now() - since };
  };

async function askUntil(ended: Promise<void>, ask: Ask, everyMs: number): Promise<readonly Promise<Call>[]> {
  const calls: Promise<Call>[] = [];
  const timer = setInterval(() => calls.push(ask()), everyMs);
  await ended;
  clearInterval(timer);
  return calls;
}

async function setFaults(storageUrl: string, faults: FaultInput | readonly FaultInput[]): Promise<void> {
  const response = await fetch(`${storageUrl}/sandbox/faults`, { method: 'PUT', body: JSON.stringify(faults) });
  if (!response.ok) throw new Error(`The sandbox does not know this fault: ${await response.text()}`);
}

/** Asks again and again without waiting for answers, for one of them may be held up by the fault still. */
async function recovery(ask: Ask): Promise<number | null> {
  const since = performance.now();
  let recovered: number | null = null;
  while (recovered === null && performance.now() - since < 20_000) {
    void ask().then(({ code }) => {
      if (code === 'right') recovered ??= performance.now() - since;
    });
    await pause(25);
  }
  return recovered;
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

function byFrequency(codes: readonly string[]): readonly string[] {
  const counts = Map.groupBy(codes, (code) => code);
  return [...counts].toSorted(([, left], [, right]) => right.length - left.length).map(([code]) => code);
}
