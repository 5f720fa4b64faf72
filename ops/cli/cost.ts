import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Plan } from '#kit/plans.ts';
import { readPlans, shippedPlans } from '#kit/plans.ts';
import type { Asking } from './ask-gateway.ts';
import { askGateway, gatewayOptions } from './ask-gateway.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import type { Operation } from './operations.ts';
import { operationsOfFile, operationsOfManifest, read } from './operations.ts';
import type { Row } from './print.ts';
import { sayRows } from './print.ts';
import { commonOptions, readObject, readWords } from './words.ts';

const help = `Asks a running gateway what operations cost, without running them; each price costs one point.

  npm run cli -- cost operation.graphql --variables variables.json --key lg_live_…
  npm run cli -- cost --manifest src/operations --plan premium --json

  --manifest   folder of .graphql and .gql files, or a persisted query manifest, in place of one file
  --variables  JSON file with the variables; for several operations an object of them by operation name
  --plan       compare with this plan, in place of what the credential's own organization has
  --plans      file of plans (those that come along)
  --url        endpoint (http://127.0.0.1:8000/graphql)
  --key        organization key, sent as X-API-Key
  --token      JWT, sent as Authorization: Bearer
  --json       print [{"operation", "price", "largest", "fits", "seconds", "problem"}]

The column "seconds" says when the operation could run; with --plan it is the time in which the plan restores its price.
Exit code 0 when all operations fit, 1 when one never does or is wrong, 2 when it could not be asked.`;

async function run(words: readonly string[]): Promise<number> {
  const { operations, variables, plan, values } = await readWanted(words);
  const rows: (Row & { readonly fits: boolean })[] = [];
  for (const [index, operation] of operations.entries()) {
    progress(`${index + 1}/${operations.length} ${operation.name}`, operations.length);
    const priced = await priceOf(values, { ...operation, variables: variables(operation) });
    rows.push({ operation: operation.name, ...judged(priced, plan) });
  }
  progress('', operations.length);
  sayRows(rows, values);
  return rows.every(({ fits }) => fits) ? 0 : 1;
}

async function readWanted(words: readonly string[]) {
  const several = words.some((word) => /^--manifest(=|$)/.test(word));
  const { positionals, values } = readWords(words, several ? [] : ['file'], {
    ...commonOptions,
    ...gatewayOptions,
    manifest: { type: 'string' },
    variables: { type: 'string' },
    plan: { type: 'string' },
    plans: { type: 'string' },
  });
  const { manifest } = values;
  const operations = manifest === undefined ? await operationsOfFile(positionals[0] ?? '') : await operationsOfManifest(manifest);
  if (operations.length === 0) throw new UsageError(`There is no operation in ${manifest ?? positionals[0]}.`);
  const given = values.variables === undefined ? {} : readObject('--variables', await read(values.variables));
  return {
    operations,
    variables: ({ name }: Operation) => (operations.length === 1 && manifest === undefined ? given : (given[name] ?? {})),
    plan: values.plan === undefined ? undefined : await planOf(values.plan, values.plans),
    values,
  };
}

async function planOf(name: string, file: string | undefined): Promise<Plan> {
  const plans = readPlans(await read(file ?? shippedPlans));
  const plan = plans.get(name);
  if (plan === undefined) throw new UsageError(`There is no plan ${name}; there are ${[...plans.keys()].join(', ')}.`);
  return plan;
}

const Quote = z.object({
  requestedQueryCost: z.number(),
  maxQueryCost: z.number(),
  admissibleNow: z.boolean(),
  retryAfterSeconds: z.number().nullable(),
});

type Quote = z.infer<typeof Quote>;

const Refusal = z.object({
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }).optional() })).min(1),
});

/** Requests of a minute are there again in one; what takes longer is worth telling. */
const longestWaitSeconds = 60;

/** The price, or why there is none. A gateway that asks to come back is asked again: prices count as requests. */
async function priceOf(asking: Asking, question: object): Promise<Quote | string> {
  const { status, headers, answer } = await askGateway({ ...asking, url: `${asking.url}/cost` }, question);
  const quote = Quote.safeParse(answer);
  if (quote.success) return quote.data;
  const [error] = Refusal.safeParse(answer).data?.errors ?? [];
  const seconds = status === 429 ? Number(headers.get('retry-after') ?? 1) : Number.NaN;
  if (seconds <= longestWaitSeconds) {
    await pause(seconds * 1_000);
    return priceOf(asking, question);
  }
  if (status === 404) throw new UsageError(`${asking.url} gives no prices: it is no gateway, or one that limits nothing.`);
  if (error === undefined || [401, 403, 429, 503].includes(status))
    throw new UsageError(`${asking.url} gave no price: ${error?.message ?? `status ${status}`}`);
  return error.message;
}

function judged(priced: Quote | string, plan: Plan | undefined) {
  if (typeof priced === 'string')
    return { price: undefined, largest: undefined, fits: false, seconds: undefined, problem: priced };
  const { requestedQueryCost: price } = priced;
  const { largest, seconds } = plan === undefined ? nowFor(priced) : fullFor(price, plan);
  const fits = price <= largest;
  return { price, largest, fits, seconds: fits ? seconds : undefined, problem: undefined };
}

const nowFor = ({ maxQueryCost, admissibleNow, retryAfterSeconds }: Quote) => ({
  largest: maxQueryCost,
  seconds: admissibleNow ? 0 : (retryAfterSeconds ?? undefined),
});

const fullFor = (price: number, { maxQueryCost, capacity, restorePerSecond }: Plan) => ({
  largest: Math.min(maxQueryCost, capacity),
  seconds: restorePerSecond > 0 ? Math.ceil(price / restorePerSecond) : undefined,
});

/** One line that is written over, for people who wait. */
function progress(text: string, all: number): void {
  if (process.stderr.isTTY && all > 1) process.stderr.write(`\r\u001b[K${text}`);
}

export const cost: Command = { summary: 'price operations without running them', help, run };
