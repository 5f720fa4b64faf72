import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ServingProcess } from '#test/harness/serving.ts';
import { onUserSignal, serveBookshop } from '#test/harness/serving.ts';

/** A new connection for every question, so that each may meet another worker. */
const anew = (gateway: ServingProcess): Promise<Response> =>
  gateway.ask(undefined, { headers: { 'content-type': 'application/json', connection: 'close' } });

/** The pid of the worker that answers, which a planted header tells. */
const tellsPid = onUserSignal('').NODE_OPTIONS ?? '';

const pidsOf = async (gateway: ServingProcess): Promise<ReadonlySet<string>> => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => anew(gateway)));
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
  return new Set(answers.map(({ headers }) => headers.get('x-pid') ?? ''));
};
