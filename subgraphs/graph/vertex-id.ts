export type VertexRef = { readonly graph: string; readonly frame: string; readonly key: string };

/** JSON keeps the three parts apart whatever is in them. */
export const vertexId = ({ graph, frame, key }: VertexRef): string =>
  Buffer.from(JSON.stringify([graph, frame, key])).toString('base64url');

/** Null for what is no id of ours; each vertex has one spelling only. */
export function readVertexId(id: string): VertexRef | null {
  const parts = parse(Buffer.from(id, 'base64url').toString());
  if (!Array.isArray(parts) || parts.length !== 3) return null;
  const [graph, frame, key] = parts;
  if (typeof graph !== 'string' || typeof frame !== 'string' || typeof key !== 'string') return null;
  const ref = { graph, frame, key };
  return vertexId(ref) === id ? ref : null;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
