import { isUtf8 } from 'node:buffer';
import { z } from 'zod';

const segmentShape = /^[A-Za-z0-9_-]+$/;

/**
 * Members that a token of ours may have (RFC 7515, section 4.1). Keys and addresses of keys are not among them: what
 * verifies a token never comes from the token. Thumbprints are allowed, since known issuers add them, and are not used.
 */
const TokenHeader = z.strictObject({
  alg: z.string(),
  kid: z.string().min(1).max(256).optional(),
  typ: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['jwt', 'at+jwt']))
    .optional(),
  x5t: z.string().optional(),
  'x5t#S256': z.string().optional(),
});

export type TokenHeader = Readonly<z.infer<typeof TokenHeader>>;

/**
 * Header of a signed token whose outer shape is regular: three segments of canonical base64url, header and payload JSON
 * objects. Undefined for all else; nothing is verified yet.
 */
export function tokenHeader(token: string): TokenHeader | undefined {
  const segments = token.split('.', 4);
  const [header, payload, signature] = segments.map(decode);
  if (segments.length !== 3 || header === undefined || payload === undefined || signature === undefined) return undefined;
  if (!z.looseObject({}).safeParse(readJson(payload)).success) return undefined;
  return TokenHeader.safeParse(readJson(header)).data;
}

/** Decoders forgive blanks, padding and stray bits at the end, so that one signature fits many texts; here only one does. */
function decode(segment: string): Buffer | undefined {
  if (!segmentShape.test(segment)) return undefined;
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

function readJson(bytes: Buffer): unknown {
  try {
    return isUtf8(bytes) ? JSON.parse(bytes.toString('utf8')) : undefined;
  } catch {
    return undefined;
  }
}
