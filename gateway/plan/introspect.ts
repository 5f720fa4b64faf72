import { z } from 'zod';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import { stranger } from '#kit/caller.ts';

type Endpoint = { readonly name: string; readonly url: string };

const Answer = z.object({ data: z.object({ _service: z.object({ sdl: z.string() }) }) });

/** Asks a live subgraph for its schema (Federation's `_service` field), signed as ours for those of our own. */
export async function introspect({ name, url }: Endpoint, secret: string): Promise<Endpoint & { readonly sdl: string }> {
  const assertion = await assertionSigner(secret, name)(stranger);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', [assertionHeader]: assertion },
      body: JSON.stringify({ query: '{ _service { sdl } }' }),
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    });
    const { data } = Answer.parse(await response.json());
    return { name, url, sdl: data._service.sdl };
  } catch (cause) {
    throw new Error(`The subgraph ${name} did not tell its schema; it must answer { _service { sdl } }.`, { cause });
  }
}
