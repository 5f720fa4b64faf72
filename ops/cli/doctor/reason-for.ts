import { safeMessage } from '#kit/safe-message.ts';
import { reasonOf, reasons } from '#ops/health/reason.ts';

/** Why something is of no use: our own readers say it in words, the rest is away or late. */
export function reasonFor(error: unknown, signal: AbortSignal): string {
  const reason = reasonOf(error, signal);
  if (reason !== reasons.away) return reason;
  const code = codeOf(error);
  return code === undefined ? safeMessage(error) : `${reason} (${code})`;
}

/** Codes such as ECONNREFUSED stand below what libraries make of them. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  const code = 'code' in error ? error.code : undefined;
  return (
    codeOf(error.cause, depth + 1) ?? (typeof code === 'string' && /^(E[A-Z]+|[A-Z]+_[A-Z_]+)$/.test(code) ? code : undefined)
  );
}
