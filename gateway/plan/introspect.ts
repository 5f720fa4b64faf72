import { z } from 'zod';

type Endpoint = { readonly name: string; readonly url: string };

const Answer = z.object({ data: z.object({ _service: z.object({ sdl: z.string() }) }) });

/** Asks a live subgraph for its schema (Federation's `_service` field). */
export async function introspect({ name, url }: Endpoint): Promise<Endpoint & { readonly sdl: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
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
