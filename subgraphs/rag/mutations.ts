import { upstreamError } from '#kit/errors.ts';
import { writeOnce } from '#kit/outcome.ts';
import type { Upload } from '#kit/upload.ts';
import { digestOf } from '#kit/upload.ts';
import type { Submission } from './client.ts';
import type { RagContext } from './context.ts';
import type { Processed } from './writes.ts';

type Document = { readonly file: Upload; readonly idempotencyKey?: string | null };

export const mutations = {
  async processDocument(_: unknown, { file, idempotencyKey }: Document, { once, writes, forget }: RagContext) {
    // Documents may be alike, so nothing tells afterwards whether a submission that is there is this one.
    const process = (): Promise<Processed> =>
      writeOnce({ write: () => writes.process(file), isCommitted: async () => false }).finally(forget);
    if (idempotencyKey == null) return process();
    return once(idempotencyKey, ['processDocument', file.filename, file.mimetype, await digestOf(file)], process);
  },
};

export const processResult = {
  message: ({ success, samplesFound }: Processed): string => {
    if (!success) return 'The document could not be read as text; nothing was kept.';
    return samplesFound > 0 ? 'The document was read and kept.' : 'The document names no sample; nothing was kept.';
  },
  submission: async ({ submissionId }: Processed, _: object, { loaders }: RagContext): Promise<Submission | null> => {
    if (submissionId == null) return null;
    const submission = await loaders.byId.load(submissionId);
    if (submission !== null) return submission;
    throw upstreamError('UPSTREAM_INVALID_RESPONSE', 'rag', { cause: new Error('A submission just made is not listed.') });
  },
};
