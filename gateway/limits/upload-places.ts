import type { GraphQLType, OperationDefinitionNode } from 'graphql';
import { getNamedType, getNullableType, isInputObjectType, isListType, isScalarType, typeFromAST } from 'graphql';
import type { Admission, Gate } from '#gateway/request.ts';
import { ExpectedError } from '#kit/errors.ts';

/** A file stands only where the operation wants an `Upload`; anywhere else, in a JSON value say, it would be lost on its way. */
export const uploadPlaces: Gate = (admission) => {
  const wrong = admission.context.uploads.find((path) => !takesFile(typeAt(path, admission)));
  if (wrong === undefined) return;
  throw new ExpectedError('BAD_REQUEST', `map: ${JSON.stringify(wrong.slice(0, 100))} is not an Upload in this operation.`);
};

type Typed = Pick<Admission, 'schema' | 'operation'>;

function typeAt(path: string, { schema, operation }: Typed): GraphQLType | undefined {
  const [, variable, ...keys] = path.split('.');
  const declared = definitionOf(variable, operation);
  const type = declared && typeFromAST(schema, declared.type);
  return keys.reduce<GraphQLType | undefined>(inside, type);
}

const definitionOf = (name: string | undefined, { variableDefinitions = [] }: OperationDefinitionNode) =>
  variableDefinitions.find(({ variable }) => variable.name.value === name);

/** The type below a key; a single value may stand where a list is wanted. */
function inside(type: GraphQLType | undefined, key: string): GraphQLType | undefined {
  const holder = getNullableType(type);
  if (isListType(holder)) return /^\d+$/.test(key) ? holder.ofType : inside(holder.ofType, key);
  return isInputObjectType(holder) ? holder.getFields()[key]?.type : undefined;
}

function takesFile(type: GraphQLType | undefined): boolean {
  const named = type && getNamedType(type);
  return isScalarType(named) && named.name === 'Upload';
}
