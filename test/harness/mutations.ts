import { expect } from 'vitest';
import type { SubgraphUnderTest } from './subgraph.ts';

type Json = Record<string, unknown>;

/** The token of somebody; the sandbox asks nobody for one, so any will do. */
export const person = { authorization: 'Bearer of-a-person' };

/** What the field with the alias `it` gave, without an error. */
export async function told<Value = Json>({ askLocally }: SubgraphUnderTest, text: string, variables: Json = {}): Promise<Value> {
  const { data, errors } = await askLocally(text, variables, person);
  expect(errors).toBeUndefined();
  return data?.['it'] as Value;
}

/** The error of the field with the alias `it`, which gave nothing. */
export async function refusal({ askLocally }: SubgraphUnderTest, text: string, variables: Json = {}) {
  const { data, errors } = await askLocally(text, variables, person);
  expect(data).toEqual({ it: null });
  return errors?.[0];
}

/** Method and path of everything that was asked of the services and is no reading. */
export const writesOf = ({ calls }: Pick<SubgraphUnderTest, 'calls'>): readonly string[] =>
  calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

/** What a service itself shows at a path, without leaving a trace in `calls`. */
export async function read<Body>({ upstream, calls }: SubgraphUnderTest, path: string): Promise<Body> {
  const kept = [...calls];
  const body = (await (await fetch(upstream + path)).json()) as Body;
  calls.splice(0, calls.length, ...kept);
  return body;
}
