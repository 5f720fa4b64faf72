import type { GraphQLFormattedError } from 'graphql';
import type { Answered, CostReport, RequestContext } from '#gateway/request.ts';
import { ExpectedError, statusOf } from '#kit/errors.ts';

/** Books a point for a text that never became an operation. @throws ExpectedError when its plan has no point at all */
export type ChargeText = (context: RequestContext) => Promise<CostReport>;

/** Books what an operation took, and says so in the answer; a caller without points for a wrong text is refused instead. */
export async function settle(answered: Answered, context: RequestContext, chargeText: ChargeText | undefined): Promise<void> {
  try {
    const report = await reportOf(answered, context, chargeText);
    if (report?.refusal !== undefined) refuse(answered, report.refusal);
    if (report !== undefined) tell(answered, report);
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    refuse(answered, error);
  }
}

async function reportOf(
  { result }: Answered,
  context: RequestContext,
  chargeText: ChargeText | undefined,
): Promise<CostReport | undefined> {
  const { settle: book, left, quote } = context.outcome;
  if (book !== undefined) return book({ data: result.data, left });
  return quote === undefined ? chargeText?.(context) : undefined;
}

function tell({ response, result }: Answered, { extension, headers }: CostReport): void {
  result.extensions = { ...result.extensions, cost: extension };
  for (const [name, value] of Object.entries(headers)) response.http.headers.set(name, value);
}

function refuse({ response, result }: Answered, { code, message, extensions }: ExpectedError): void {
  delete result.data;
  result.errors = [{ message, extensions: { ...extensions, code } }];
  response.http.status = statusOf(code);
}

/** A refusal that names a time to wait says it where every HTTP client looks. */
export function tellWhenToComeBack({ response, result }: Answered): void {
  if (result.data !== undefined) return;
  const [wait] = (result.errors ?? []).flatMap(secondsToWait);
  if (wait !== undefined) response.http.headers.set('retry-after', String(wait));
}

const secondsToWait = ({ extensions }: GraphQLFormattedError): readonly number[] =>
  typeof extensions?.['retryAfter'] === 'number' ? [extensions['retryAfter']] : [];
