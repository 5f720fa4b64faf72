import { GraphQLError } from 'graphql';
import type { Admission, Gate, OperationLayer } from '#gateway/request.ts';
import type { Caller } from '#kit/caller.ts';
import { ExpectedError, unauthenticated } from '#kit/errors.ts';
import type { Denial } from './answer.ts';
import { denials, withNulls } from './answer.ts';
import type { Authorize, Verdict } from './authorization.ts';
import { withDefaults } from './included.ts';

/** Paths that a refusal of a whole operation names at most. */
const maxPaths = 10;

/** Refuses an operation that asks for anything its caller may not see: FORBIDDEN, for strangers UNAUTHENTICATED. */
export function refuseDenied(authorize: Authorize): Gate {
  return (admission) => {
    const verdict = authorize(admission);
    const [first, ...others] = verdict === undefined ? [] : denialsOf(verdict, admission);
    if (first === undefined) return;
    const { code, message } = reason(first, admission.context.call.caller);
    const paths = [first, ...others].slice(0, maxPaths).map(({ path }) => path.join('.'));
    throw new ExpectedError(code, `${message} Not allowed: ${paths.join(', ')}.`, { extensions: { paths } });
  };
}

/** Plans and runs what the caller may see, and shows null and one error in the place of each other field. */
export function filterDenied(authorize: Authorize): OperationLayer {
  return (next) => async (admission) => {
    const verdict = authorize(admission);
    if (verdict === undefined) return next(admission);
    const { document, operation, seen, root: type, typename } = verdict;
    const result = await next({ ...admission, document, operation });
    // Nothing ran: the variables were wrong, or planning failed.
    const { data: found } = result;
    if (found === undefined) return result;
    const shape = { typename, variables: withDefaults(operation, admission.variables) };
    const denied = denialsOf(verdict, admission).map((denial) => fieldError(denial, admission.context.call.caller));
    const errors = [...(result.errors ?? []), ...denied];
    const data = found === null ? null : withNulls(seen, { data: found, type, shape });
    return { ...result, data, ...(errors.length > 0 && { errors }) };
  };
}

const denialsOf = ({ seen, operation }: Verdict, { variables }: Admission): readonly Denial[] =>
  denials(seen, withDefaults(operation, variables));

function fieldError(denial: Denial, caller: Caller): GraphQLError {
  const { message, extensions } = reason(denial, caller);
  return new GraphQLError(message, { path: denial.path, extensions });
}

function reason({ lacking }: Denial, { kind }: Caller): ExpectedError {
  if (kind === 'anonymous') return unauthenticated();
  return new ExpectedError('FORBIDDEN', `This needs ${lacking.map(({ needs }) => needs).join(' and ')}.`);
}
