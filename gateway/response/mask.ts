import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';
import { ExpectedError, isCode } from '#kit/errors.ts';
import { shortened } from './shortened.ts';

/**
 * The one border where errors leave: what is on the closed list passes with its own words, anything else is a bug that
 * is reported and shown as INTERNAL_SERVER_ERROR.
 */
export function errorFormatter(onUnexpectedError: (error: unknown) => void) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const { code, serviceName, stacktrace: _, http: __, ...extensions } = formatted.extensions ?? {};
    const service = extensions['service'] ?? serviceName;
    if (isCode(code) && code !== 'INTERNAL_SERVER_ERROR') {
      return { ...shortened(formatted), extensions: { code, ...extensions, ...(service !== undefined && { service }) } };
    }
    const cause = unwrapResolverError(error);
    if (!(cause instanceof ExpectedError) && code !== 'INTERNAL_SERVER_ERROR') onUnexpectedError(cause);
    return {
      message: 'Something went wrong on our side.',
      ...(formatted.path !== undefined && { path: formatted.path }),
      extensions: { code: 'INTERNAL_SERVER_ERROR', ...(service !== undefined && { service }) },
    };
  };
}
