import { z } from 'zod';

const bytes = z.int().min(2).max(10_000_000_000);

/** Which calls a fault strikes; without a path it spares the health routes. */
const Match = z.strictObject({
  method: z.string().toUpperCase().optional(),
  /** Beginning of the path, without the query. */
  path: z.string().startsWith('/').optional(),
});

const common = {
  /** Share of the matching calls that are struck, 0 to 1. */
  rate: z.number().min(0).max(1).default(1),
  /** Wait before the fault, in milliseconds, and how far it may lie off in either direction. */
  latencyMs: z.number().min(0).max(600_000).default(0),
  jitterMs: z.number().min(0).max(600_000).default(0),
  match: Match.default({}),
  /** Ends after so many strikes. */
  times: z.int().positive().optional(),
  /** Start of the series of random numbers behind `rate` and `jitterMs`. */
  seed: z.int().default(1),
  /** The service does the work first and only its answer is lost, for faults that otherwise come before the work. */
  afterWork: z.boolean().default(false),
};

/** What goes wrong in a service, as one JSON object. */
export const Fault = z.discriminatedUnion('kind', [
  /** Waits, then answers rightly. */
  z.strictObject({ kind: z.literal('latency'), ...common }),
  /** Never answers. */
  z.strictObject({ kind: z.literal('hang'), ...common }),
  /** The right answer, byte by byte. */
  z.strictObject({ kind: z.literal('slow'), bytesPerSecond: z.number().positive().max(1_000).default(1), ...common }),
  /** The connection is reset. */
  z.strictObject({ kind: z.literal('reset'), ...common }),
  /** Half of the right answer under its whole Content-Length, then the connection is destroyed. */
  z.strictObject({ kind: z.literal('cut'), ...common }),
  /** A complete answer with the first half of the right JSON. */
  z.strictObject({ kind: z.literal('malformed'), ...common }),
  /** 200 without a body. */
  z.strictObject({ kind: z.literal('empty'), ...common }),
  /** 502 with a page that names an internal host. */
  z.strictObject({ kind: z.literal('html'), ...common }),
  /** 500 with JSON that holds a password. */
  z.strictObject({ kind: z.literal('secret'), ...common }),
  /** 429 with Retry-After. */
  z.strictObject({ kind: z.literal('rateLimited'), retryAfterSeconds: z.int().min(0).default(7), ...common }),
  /** 307 to another place. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string().min(1), ...common }),
  /** The right JSON with white space after it up to so many bytes, in chunks. */
  z.strictObject({ kind: z.literal('huge'), bytes: bytes.default(64 * 1024 * 1024), ...common }),
  /** 200 with a gzip of valid JSON that inflates to so many bytes. */
  z.strictObject({ kind: z.literal('gzipBomb'), bytes: bytes.default(64 * 1024 * 1024), ...common }),
  /** The right answer with objects for ids and texts for numbers. */
  z.strictObject({ kind: z.literal('wrongTypes'), ...common }),
  /** 200 with the JSON `null`. */
  z.strictObject({ kind: z.literal('null'), ...common }),
  /** 200 with the JSON `[]`. */
  z.strictObject({ kind: z.literal('list'), ...common }),
  /** Any status without a body. */
  z.strictObject({ kind: z.literal('status'), status: z.int().min(200).max(599), ...common }),
]);

export type Fault = z.infer<typeof Fault>;

/** A fault as a caller writes it; what it leaves out has a default. */
export type FaultInput = z.input<typeof Fault>;

/** One fault or several. Not a union, which would tell of a wrong field only that something is wrong. */
export const FaultList = z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(Fault));
