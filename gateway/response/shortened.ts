import type { GraphQLFormattedError } from 'graphql';

/** Most characters of a sentence and most places of a text that one error names. */
const most = { characters: 200, locations: 2 } as const;

/** Errors of a text: they repeat names and values of it, which may be as long as the text may be. */
const repeating = new Set<unknown>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** An error that is no longer than it needs to be understood; one with a path belongs to data and is left as it is. */
export function shortened(error: GraphQLFormattedError): GraphQLFormattedError {
  const { message, locations, path, extensions } = error;
  if (path !== undefined || !repeating.has(extensions?.['code'])) return error;
  return {
    ...error,
    message: message.length > most.characters ? `${message.slice(0, most.characters - 1)}…` : message,
    ...(locations !== undefined && { locations: locations.slice(0, most.locations) }),
  };
}
