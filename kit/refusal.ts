import { GraphQLError } from 'graphql';
import { ExpectedError, statusOf } from './errors.ts';

/** A foreseen failure as Apollo Server answers a whole operation with it: with its code and its HTTP status. Others stay as they are. */
export function refusal(error: unknown): unknown {
  if (!(error instanceof ExpectedError)) return error;
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { ...error.extensions, http: { status: statusOf(error.code) } },
  });
}
