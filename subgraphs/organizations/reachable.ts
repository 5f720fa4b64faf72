import { ZodError } from 'zod';
import { ExpectedError, upstreamError } from '#kit/errors.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { unknownOutcome } from '#kit/outcome.ts';

type Method = (...given: readonly unknown[]) => Promise<unknown>;

/**
 * The store, whose failures are those of an upstream: clients learn that it is away and `onFailure` learns why. After a
 * write that failed the error says `outcome: UNKNOWN`.
 */
export function reachable(store: OrganizationStore, onFailure: (error: unknown) => void): OrganizationStore {
  const failed = (method: string, cause: unknown): ExpectedError => {
    if (cause instanceof ExpectedError) return cause;
    onFailure(cause);
    const code = cause instanceof ZodError ? 'UPSTREAM_INVALID_RESPONSE' : 'UPSTREAM_UNAVAILABLE';
    const error = upstreamError(code, 'organizations', { cause });
    return /^(add|update)/.test(method) ? unknownOutcome(error) : error;
  };
  const asked = (name: string, method: Method): Method => {
    return (...given) =>
      method(...given).catch((cause: unknown) => {
        throw failed(name, cause);
      });
  };
  const methods = Object.entries<Method>(store as never).map(([name, method]) => [name, asked(name, method)]);
  return { ...store, ...Object.fromEntries(methods) };
}
