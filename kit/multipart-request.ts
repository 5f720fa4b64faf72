import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ExpectedError } from './errors.ts';
import type { MemoryShare } from './memory-budget.ts';
import { Upload } from './upload.ts';
import type { UploadBounds } from './upload-bounds.ts';
import type { Slot, Variables } from './upload-slots.ts';
import { slotsAt } from './upload-slots.ts';

export type UploadLimits = Pick<UploadBounds, 'maxUploadBytes' | 'maxUploads'> & {
  /** Longest `operations`, and longest `map`, in bytes. */
  readonly maxBodyBytes: number;
};

type Form<Operation> = {
  readonly request: FastifyRequest;
  readonly limits: UploadLimits;
  readonly memory: MemoryShare;
  readonly readOperation: (text: string) => Operation;
  readonly readJson: (text: string) => unknown;
};

type Filled<Operation> = {
  /** The operation with its files among the variables. */
  readonly operation: Operation;
  /** Where the files stand, such as `variables.file`. */
  readonly places: readonly string[];
};

/**
 * Reads a GraphQL multipart request (https://github.com/jaydenseric/graphql-multipart-request-spec): `operations`, `map`,
 * then the files, which are kept in memory. What is refused is refused while it arrives.
 * @throws ExpectedError BAD_REQUEST, PAYLOAD_TOO_LARGE, OVERLOADED
 */
export async function readMultipart<Operation extends { readonly variables?: Variables }>(
  form: Form<Operation>,
): Promise<Filled<Operation>> {
  try {
    const parts = readable(partsOf(form));
    const operation = form.readOperation(await textOf(await partNamed('operations', parts), form));
    const map = readMap(form.readJson(await textOf(await partNamed('map', parts), form)), form.limits);
    const slots = slotsAt(map, operation.variables);
    const places = [...slots.values()].flatMap((many) => many.map(({ path }) => path));
    for await (const part of parts) await fill(part, slots, form);
    if (slots.size > 0) throw refusal(`The part ${quoted(slots.keys().next().value ?? '')} of the map is missing.`);
    return { operation, places };
  } catch (error) {
    // What is still on its way is thrown away: a client that cannot finish sending may never read why it was refused.
    form.request.raw.unpipe().resume();
    throw error;
  }
}

/** Every part as a stream, `operations` and `map` too: by itself the plugin parses JSON parts before we can look at them. */
async function* partsOf({ request, limits }: Form<unknown>): AsyncGenerator<MultipartFile> {
  const parts = request.parts({
    isPartAFile: () => true,
    limits: { parts: limits.maxUploads + 3, fileSize: Number.MAX_SAFE_INTEGER },
  });
  for await (const part of parts) if (part.type === 'file') yield part;
}

async function partNamed(name: string, parts: AsyncIterator<MultipartFile>): Promise<MultipartFile> {
  const { value, done } = await parts.next();
  if (done !== true && value.fieldname === name) return value;
  throw refusal('A multipart request begins with the fields operations and map, in this order; the files follow.');
}

async function textOf(part: MultipartFile, { limits, memory }: Form<unknown>): Promise<string> {
  return (await bytesOf(part, limits.maxBodyBytes, memory)).toString('utf8');
}

async function fill(part: MultipartFile, slots: Map<string, readonly Slot[]>, { limits, memory }: Form<unknown>): Promise<void> {
  const name = part.fieldname;
  const own = slots.get(name);
  if (own === undefined) throw refusal(`The part ${quoted(name)} is not in the map, or comes twice.`);
  if (part.filename === undefined) throw refusal(`The part ${quoted(name)} is not a file: it has no file name.`);
  slots.delete(name);
  const { filename, mimetype } = part;
  const upload = new Upload({ filename, mimetype, bytes: await bytesOf(part, limits.maxUploadBytes, memory) });
  for (const { put } of own) put(upload);
}

async function bytesOf(part: MultipartFile, maxBytes: number, memory: MemoryShare): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readable<Buffer>(part.file)) {
    length += chunk.length;
    if (length > maxBytes)
      throw new ExpectedError('PAYLOAD_TOO_LARGE', `The part ${quoted(part.fieldname)} is longer than ${maxBytes} bytes.`);
    memory.take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

const FileMap = z.record(z.string(), z.array(z.string()).min(1));

function readMap(json: unknown, { maxUploads }: UploadLimits): ReadonlyMap<string, readonly string[]> {
  const parsed = FileMap.safeParse(json);
  if (!parsed.success) throw refusal('map: must name the places of each file, such as { "0": ["variables.file"] }.');
  const map = new Map(Object.entries(parsed.data));
  if (map.size <= maxUploads) return map;
  throw new ExpectedError('PAYLOAD_TOO_LARGE', `There are ${map.size} files; at most ${maxUploads} are allowed.`);
}

/** What the parser complains about is the client's form. */
async function* readable<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (cause) {
    throw new ExpectedError('BAD_REQUEST', 'The form is cut off, has too many parts, or is not multipart/form-data.', { cause });
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));

const refusal = (message: string): ExpectedError => new ExpectedError('BAD_REQUEST', message);
