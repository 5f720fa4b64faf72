import { z } from 'zod';

const Metadata = z.object({ rag_submission_id: z.string() });

/** The submission that a sample was taken in with, by the sample's metadata. */
export const submissionIn = (metadata: unknown): string | null => Metadata.safeParse(metadata).data?.rag_submission_id ?? null;
