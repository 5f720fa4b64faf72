import { setTimeout } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { expect } from 'vitest';
import { partnerScopes } from '#kit/caller.ts';
import { barcodeOfSample, counts, organizationOfSample, range, sampleId } from '#ops/sandbox/data/facts.ts';
import { seedSamples } from '#ops/sandbox/data/samples.ts';
import { partner } from './callers.ts';
import type { SubgraphUnderTest } from './subgraph.ts';

/* Two organizations that may do everything, each with its own. */

export const acme = partner('acme-genomics', partnerScopes);
export const helix = partner('helix-labs', partnerScopes);

/** Numbers of the sandbox's samples that are an organization's, the newest first. */
export const samplesOf = (organization: string): readonly number[] =>
  range(counts.samples).filter((n) => organizationOfSample(n) === organization);

/** Stands in what a test plants for others than acme. */
export const canary = 'CANARY';

/** Texts that acme must never meet: what tells the samples of others apart, and what a test has planted. */
const foreignTexts: readonly string[] = [
  canary,
  'helix-labs',
  ...seedSamples().flatMap(({ id, name }, index) =>
    organizationOfSample(index + 1) === 'acme-genomics' ? [] : [id, name, barcodeOfSample(index + 1)],
  ),
];

/** Expects that nothing in an answer is another's. */
export function expectOwn(answer: unknown): void {
  const text = JSON.stringify(answer);
  expect(foreignTexts.filter((foreign) => text.includes(foreign))).toEqual([]);
}

export const missingId = 'ffffffff-0000-4000-8000-00000000ffff';

/** A sample of helix. */
export const foreignId = sampleId(2);

type Question = (id: string) => { readonly text: string; readonly variables?: Record<string, unknown> };

/** Expects that acme is answered alike whichever of the two ids it names, after the same calls. */
export async function expectAlike(
  subject: SubgraphUnderTest,
  question: Question,
  ids: readonly [foreign: string, missing: string] = [foreignId, missingId],
): Promise<ExecutionResult> {
  const [foreign, missing] = ids;
  const first = await askFor(foreign, subject, question);
  const second = await askFor(missing, subject, question);
  expect(first.answer).toEqual(second.answer);
  expect(first.calls).toEqual(second.calls);
  return JSON.parse(first.answer);
}

async function askFor(id: string, subject: SubgraphUnderTest, question: Question) {
  const { text, variables } = question(id);
  subject.calls.length = 0;
  const answer = await subject.askLocally(text, variables, { caller: acme });
  await settled(subject);
  const told = (something: unknown): string => JSON.stringify(something).replaceAll(id, '(id)');
  const calls = subject.calls.map(({ service, method, path, query }) => told([service, method, path, String(query)]));
  return { answer: told(answer), calls: calls.sort() };
}

/** A failure does not wait for the calls that ran beside it, and these are counted when they end. */
async function settled({ calls }: SubgraphUnderTest): Promise<void> {
  for (let before = -1; before !== calls.length; await setTimeout(20)) before = calls.length;
}

/** Calls that may have changed something. */
export const writesOf = ({ calls }: SubgraphUnderTest): readonly string[] =>
  calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

/** Plants something by the service's own route, and gives its answer. */
export async function plant(url: string, body: object): Promise<Record<string, never>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Record<string, never>;
}
