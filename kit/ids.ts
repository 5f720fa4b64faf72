const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the textual form of any UUID version. */
export const isUuid = (text: string): boolean => uuidPattern.test(text);

const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;

/** Takes a caller's request id over when it is harmless in a header and a log line, else makes one. */
export const requestId = (offered?: string): string =>
  offered !== undefined && requestIdPattern.test(offered) ? offered : crypto.randomUUID();
