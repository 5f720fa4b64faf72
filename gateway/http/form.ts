import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ExpectedError } from '#kit/errors.ts';
import type { MemoryShare } from '#kit/memory-budget.ts';
import { memoryBudget } from '#kit/memory-budget.ts';
import type { UploadLimits } from '#kit/multipart-request.ts';
import { readMultipart } from '#kit/multipart-request.ts';
import type { UploadBounds } from '#kit/upload-bounds.ts';
import type { BodyLimits } from './body.ts';
import { readBody, readJson } from './body.ts';

export type FormOptions = BodyLimits & UploadBounds & UploadLimits;

/** Reads the form of one request into its `body` and `uploads`; disposal gives up the memory that its files took. */
type FormReader = (request: FastifyRequest) => Disposable & { readonly read: () => Promise<void> };

/** Lets `multipart/form-data` in, for those who read it with what this returns. */
export function readsForms(app: FastifyInstance, options: FormOptions): FormReader {
  app.register(multipart);
  const memory = memoryBudget(options.maxUploadMemory);
  return (request) => {
    const share = memory.open();
    return { read: () => readForm(request, share, options), [Symbol.dispose]: () => share[Symbol.dispose]() };
  };
}

async function readForm(request: FastifyRequest, memory: MemoryShare, options: FormOptions): Promise<void> {
  requirePreflight(request);
  const { operation, places } = await readMultipart({
    request,
    memory,
    limits: options,
    readOperation: (text) => readBody(text, options),
    readJson: (text) => readJson(text, options),
  });
  request.body = operation;
  request.uploads = places;
}

/** Apollo Server would refuse a form without one of these too, but only after all of it has been read. */
const preflightHeaders = ['apollo-require-preflight', 'x-apollo-operation-name'] as const;

function requirePreflight({ headers }: FastifyRequest): void {
  if (preflightHeaders.some((name) => headers[name])) return;
  throw new ExpectedError(
    'BAD_REQUEST',
    `A multipart request needs the header ${preflightHeaders.join(' or ')}, with any value.`,
  );
}
