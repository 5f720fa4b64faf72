import { GraphQLError, Kind } from 'graphql';
import { isCode } from './errors.ts';

/**
 * Lets an error of the closed list pass as it is; anything else is a bug, is handed to `onUnexpectedError` and becomes
 * an INTERNAL_SERVER_ERROR that says nothing of its cause.
 */
export function maskUnexpected(error: GraphQLError, onUnexpectedError: (error: GraphQLError) => void): GraphQLError {
  if (isCode(error.extensions['code'])) return error;
  if (error.originalError === undefined || isAboutValue(error)) return withCode(error);
  onUnexpectedError(error);
  return new GraphQLError('Something went wrong on our side.', {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    ...(error.path !== undefined && { path: error.path }),
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

/** graphql-js points at a value of the text, a literal that its scalar refuses; what a resolver throws points at a field. */
const isAboutValue = ({ nodes = [] }: GraphQLError): boolean =>
  nodes.length > 0 && nodes.every(({ kind }) => kind !== Kind.FIELD);

/** graphql-js itself complained, about a variable for example: its words are about the caller's own text. */
function withCode(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    ...(error.path !== undefined && { path: error.path }),
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  });
}
