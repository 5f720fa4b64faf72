import { pathToFileURL } from 'node:url';
import type { Clock } from '#kit/clock.ts';
import { ExpectedError } from '#kit/errors.ts';
import { safeMessage } from '#kit/safe-message.ts';

/** What leaves the process of an error that nobody foresaw: no message and no stack, which may hold what clients sent. */
export type ErrorReport = {
  /** ISO 8601. */
  readonly time: string;
  /** Class of the error, such as TypeError. */
  readonly name: string;
  readonly code?: string;
  readonly requestId?: string;
  /** Subgraph or service in which it happened, or `gateway`. */
  readonly service: string;
  readonly version: string;
};

/** The default export of the module that ERROR_HOOK_PATH names. */
type ErrorHook = (report: ErrorReport) => unknown;

/** Hears the fields of every line of level error and above. */
export type HearsErrors = (fields: Readonly<Record<string, unknown>>) => void;

type Parts = {
  readonly hook: ErrorHook;
  readonly version: string;
  readonly clock: Clock;
  /** Hears of each report that the hook did not take. */
  readonly onFailure: (error: unknown) => void;
};

/** Reports that may be on their way at once; what comes beyond them is not reported. */
const maxPending = 100;

/**
 * Hands every unexpected error to a hook, after the work at hand and without waiting for it. An error with a `reason` was
 * foreseen, as are those of the closed list.
 */
export function errorReports({ hook, version, clock, onFailure }: Parts): HearsErrors {
  let pending = 0;
  const deliver = async (report: ErrorReport): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    await hook(report);
  };
  return ({ err, reason, requestId, subgraph, service = subgraph ?? 'gateway' }) => {
    if (!(err instanceof Error) || err instanceof ExpectedError || reason !== undefined) return;
    if (pending >= maxPending) return onFailure(new Error('the hook does not take reports as fast as they come'));
    pending += 1;
    const code = 'code' in err && typeof err.code === 'string' ? err.code : undefined;
    void deliver({
      time: new Date(clock.now()).toISOString(),
      name: err.name,
      ...(code !== undefined && { code }),
      ...(typeof requestId === 'string' && { requestId }),
      service: String(service),
      version,
    })
      .catch(onFailure)
      .finally(() => {
        pending -= 1;
      });
  };
}

/** @throws Error that names ERROR_HOOK_PATH for a module that cannot be loaded, or whose default export is no function */
export async function loadErrorHook(path: string): Promise<ErrorHook> {
  const module = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new Error(`ERROR_HOOK_PATH: the module cannot be loaded (${safeMessage(cause)})`, { cause });
  });
  const hook: unknown = module.default;
  if (typeof hook !== 'function') throw new Error('ERROR_HOOK_PATH: the default export of the module is no function');
  return hook as ErrorHook;
}
