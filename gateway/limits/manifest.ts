import { createHash } from 'node:crypto';
import { z } from 'zod';

/** An operation that somebody registered before it is asked for. */
export type RegisteredOperation = { readonly name: string; readonly text: string };

export type Manifest = {
  /** By id and by SHA-256 of the text in hex, which most clients use for an id. */
  readonly byId: ReadonlyMap<string, RegisteredOperation>;
  readonly byText: ReadonlyMap<string, RegisteredOperation>;
};

/** What tools for Apollo's clients write: format `apollo-persisted-query-manifest`, version 1. */
const File = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(
    z.object({
      id: z.string().min(1).max(256),
      name: z.string().regex(/^[_A-Za-z]\w{0,127}$/, 'is not the name of an operation'),
      body: z.string().min(1),
    }),
  ),
});

/** @throws Error when the text is no manifest, or an id stands for two operations */
export function readManifest(file: string): Manifest {
  const parsed = File.safeParse(JSON.parse(file));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const byId = new Map<string, RegisteredOperation>();
  const byText = new Map<string, RegisteredOperation>();
  for (const { id, name, body: text } of parsed.data.operations) {
    if (byId.has(id) && byId.get(id)?.text !== text) throw new Error(`the id ${id} stands for two operations`);
    const operation = byText.get(text) ?? { name, text };
    byText.set(text, operation);
    byId.set(id, operation);
  }
  for (const operation of byText.values()) {
    const hash = sha256(operation.text);
    if (!byId.has(hash)) byId.set(hash, operation);
  }
  return { byId, byText };
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
