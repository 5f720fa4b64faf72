import type { GraphQLSchema } from 'graphql';
import { isAbstractType } from 'graphql';

/** The names that an object of this type, or of one that implements it, may give as its `__typename`. */
export function namesOf(schema: GraphQLSchema, name: string): ReadonlySet<string> {
  const type = schema.getType(name);
  if (!isAbstractType(type)) return new Set([name]);
  const { objects, interfaces } =
    'getInterfaces' in type ? schema.getImplementations(type) : { objects: type.getTypes(), interfaces: [] };
  return new Set([name, ...objects.map((one) => one.name), ...interfaces.map((one) => one.name)]);
}
