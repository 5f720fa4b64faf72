import { z } from 'zod';
import { ExpectedError } from '#kit/errors.ts';
import { nesting } from './nesting.ts';

export type BodyLimits = {
  /** Longest query text, in characters. */
  readonly maxQueryLength: number;
  /** Deepest nesting of JSON, and of brackets in the query. */
  readonly maxNesting: number;
  /** Longest name of an operation, in characters. */
  readonly maxOperationName: number;
};

const object = z.record(z.string(), z.unknown());

/** GraphQL over HTTP, section 5: the parameters of a request. Unknown ones are dropped. */
const Parameters = z.object({
  query: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: object.nullish(),
  extensions: object.nullish(),
});

export type Parameters = z.infer<typeof Parameters>;

/** Reads a request body. */
export function readBody(text: string, limits: BodyLimits): Parameters {
  const parsed = Parameters.safeParse(readJson(text, limits));
  if (!parsed.success) throw new ExpectedError('BAD_REQUEST', describe(parsed.error));
  checkQuery(parsed.data.query, limits);
  checkName(parsed.data.operationName, limits);
  return parsed.data;
}

/** Checks the parameters of a GET request before Apollo parses them. */
export function checkSearch(search: Readonly<Record<string, unknown>>, limits: BodyLimits): void {
  const { query, operationName, variables, extensions } = search;
  checkQuery(typeof query === 'string' ? query : undefined, limits);
  checkName(typeof operationName === 'string' ? operationName : undefined, limits);
  for (const json of [variables, extensions]) {
    if (typeof json === 'string' && nesting(json, '"') > limits.maxNesting) throw tooDeep('A parameter', limits);
  }
}

function checkQuery(query: string | null | undefined, limits: BodyLimits): void {
  if (query == null) return;
  if (query.length > limits.maxQueryLength) {
    throw new ExpectedError(
      'PAYLOAD_TOO_LARGE',
      `The query is ${query.length} characters long; at most ${limits.maxQueryLength} are allowed.`,
    );
  }
  if (nesting(query, '#') > limits.maxNesting) throw tooDeep('The query', limits);
}

function checkName(name: string | null | undefined, { maxOperationName }: BodyLimits): void {
  if (name == null || name.length <= maxOperationName) return;
  throw new ExpectedError(
    'BAD_REQUEST',
    `operationName: ${name.length} characters are too many; at most ${maxOperationName} are allowed.`,
  );
}

const tooDeep = (what: string, { maxNesting }: BodyLimits): ExpectedError =>
  new ExpectedError('BAD_REQUEST', `${what} nests deeper than ${maxNesting} levels.`);

/** Nothing recurses before the nesting is known, so that no text can overflow the stack. */
export function readJson(text: string, limits: BodyLimits): unknown {
  if (nesting(text, '"') > limits.maxNesting) throw tooDeep('The body', limits);
  try {
    return JSON.parse(text);
  } catch {
    throw new ExpectedError('BAD_REQUEST', 'The body is not JSON.');
  }
}

function describe({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined || issue.path.length === 0)
    return 'The body must be one JSON object with a query; lists of operations are not offered.';
  return `${issue.path.join('.')}: ${issue.message}`;
}
