import { z } from 'zod';
import type { Environment } from './upstream-settings.ts';

export type UploadBounds = {
  /** Longest file, in bytes. */
  readonly maxUploadBytes: number;
  /** Most files of one request. */
  readonly maxUploads: number;
  /** Most that the files of all requests take at one time, in bytes. */
  readonly maxUploadMemory: number;
};

const count = z.coerce.number().int().positive();
const mebibyte = 1024 * 1024;

/** Variables that bound the files of multipart requests, for a gateway and for a subgraph that runs alone. */
export const uploadVariables = {
  /** Longest file, in bytes. */
  MAX_UPLOAD_BYTES: count.default(10 * mebibyte),
  /** Most files of one request. */
  MAX_UPLOADS: count.default(5),
  /** Most that the files of all requests take at one time, in bytes; who comes when it is full gets a 503. */
  MAX_UPLOAD_MEMORY: count.default(256 * mebibyte),
} as const;

const Variables = z.object(uploadVariables);

export const uploadBounds = (variables: z.infer<typeof Variables>): UploadBounds => ({
  maxUploadBytes: variables.MAX_UPLOAD_BYTES,
  maxUploads: variables.MAX_UPLOADS,
  maxUploadMemory: variables.MAX_UPLOAD_MEMORY,
});

/** @throws ZodError that names the variable */
export const readUploadBounds = (environment: Environment): UploadBounds =>
  uploadBounds(Variables.parse(Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))));
