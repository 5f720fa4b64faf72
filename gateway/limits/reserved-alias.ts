import type { ValidationRule } from 'graphql';
import { GraphQLError } from 'graphql';

/**
 * Keeps `__typename` for what it means: the planner reads the type of an object under this name, and under another field's
 * value it would make null of the object without an error.
 */
export const reservedAlias: ValidationRule = (context) => ({
  Field(node) {
    if (node.alias?.value !== '__typename' || node.name.value === '__typename') return;
    context.reportError(new GraphQLError('The alias __typename cannot name another field.', { nodes: node }));
  },
});
