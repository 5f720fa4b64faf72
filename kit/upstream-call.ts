import { ExpectedError } from './errors.ts';
import type { RestResponse } from './rest-transport.ts';

/** One call to an upstream that has ended, retries included. */
export type UpstreamCall = {
  /** Public alias of the upstream. */
  readonly service: string;
  readonly method: string;
  /** Encoded path of the contract, without prefix and query. */
  readonly path: string;
  /** Short name of the organization that asked; empty for strangers and for what nobody asked for. */
  readonly organization: string;
  readonly seconds: number;
  /** Absent when there was no answer. */
  readonly status?: number;
  /** Code that a failure stands for; absent when there was none. */
  readonly code?: string;
};

type Asked = Pick<UpstreamCall, 'service' | 'method' | 'path' | 'organization'>;

/** Makes a call and tells how it ended. */
export async function watched(
  asked: Asked,
  make: () => Promise<RestResponse>,
  tell: (call: UpstreamCall) => void,
): Promise<RestResponse> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1e3;
  try {
    const response = await make();
    const code = codeOf(response.status);
    tell({ ...asked, seconds: seconds(), status: response.status, ...(code !== undefined && { code }) });
    return response;
  } catch (error) {
    tell({ ...asked, seconds: seconds(), code: error instanceof ExpectedError ? error.code : 'INTERNAL_SERVER_ERROR' });
    throw error;
  }
}

function codeOf(status: number): string | undefined {
  if (status < 400) return undefined;
  if (status === 404) return 'NOT_FOUND';
  if (status === 429) return 'UPSTREAM_RATE_LIMITED';
  return status >= 500 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_REJECTED';
}
