import { setImmediate as nextTurn } from 'node:timers/promises';
import type { QueryPlan } from '@apollo/query-planner';
import type { ExecutionResult, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { getVariableValues, Kind, valueFromASTUntyped } from 'graphql';
import type { Admission } from '#gateway/request.ts';
import { perCondition } from '#kit/execution/per-condition.ts';
import { completionErrors } from './completion.ts';
import type { FetchParts } from './fetch-step.ts';
import { introspection } from './introspection.ts';
import { planStep } from './plan.ts';
import type { Run } from './run.ts';
import { shapeOf } from './shape.ts';
import type { Problem } from './shaping.ts';

/** From so many entities on, an answer is merged, shaped and written in turns of the loop of their own, each below 100 ms. */
const manyEntities = 5_000;

type Values = Readonly<Record<string, unknown>>;

export type CompiledOperation = (asked: Pick<Admission, 'context' | 'variables'>) => Promise<ExecutionResult>;

type Asked = Pick<Admission, 'schema' | 'document' | 'operation'>;

type Parts = Omit<FetchParts, 'places'> & { readonly plan: QueryPlan };

/**
 * Compiles one operation over one supergraph: its plan into steps, its selections into the shape of its answer. Neither
 * schema nor document is looked at again when it runs.
 */
export function compileOperation({ schema, document, operation }: Asked, { plan, ...parts }: Parts): CompiledOperation {
  const fragments = new Map(
    document.definitions.flatMap((node): [string, FragmentDefinitionNode][] =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
    ),
  );
  const step = planStep(plan, parts);
  const introspect = introspection({ operation, fragments, schema });
  const withDefaults = defaulting(operation);
  const shapeFor = perCondition(document, (values) => shapeOf(operation, { schema, fragments, values }));
  const writes = operation.operation === 'mutation';
  const problemsOf = variableProblems(operation, schema);
  return async ({ context, variables }) => {
    const wrong = problemsOf(variables);
    if (wrong !== undefined) return { errors: wrong };
    const values = withDefaults(variables);
    const run: Run = { context, writes, variables, values, root: {}, errors: [], gone: [], entities: 0 };
    await step(run);
    const isLarge = run.entities > manyEntities;
    if (isLarge) await nextTurn();
    const problems: Problem[] = [];
    const introspected = introspect?.(variables) ?? {};
    const data = shapeFor(values)(run.root, { path: [], problems, introspected }) ?? null;
    if (isLarge) await nextTurn();
    const errors = [...run.errors, ...completionErrors(problems, { ...run, data })];
    return errors.length === 0 ? { data } : { data, errors };
  };
}

function variableProblems({ variableDefinitions = [] }: OperationDefinitionNode, schema: GraphQLSchema) {
  if (variableDefinitions.length === 0) return () => undefined;
  return (variables: Values): ExecutionResult['errors'] => getVariableValues(schema, variableDefinitions, variables).errors;
}

function defaulting({ variableDefinitions = [] }: OperationDefinitionNode): (given: Values) => Values {
  const defaults = Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)] as const],
    ),
  );
  return Object.keys(defaults).length === 0 ? (given) => given : (given) => ({ ...defaults, ...given });
}
