import type {
  DocumentNode,
  ExecutionResult,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { GraphQLError, getOperationAST, Kind, OperationTypeNode, visit } from 'graphql';
import { completer } from './complete.ts';
import { fieldStep, plainOf } from './field.ts';
import type { NamedStep } from './object-code.ts';
import { inParallel, inSequence } from './objects.ts';
import { perCondition } from './per-condition.ts';
import type { Complete, Operation, Run, Step } from './run.ts';
import type { Scope } from './selected-fields.ts';
import { fieldsOf } from './selected-fields.ts';
import { coercer } from './variables.ts';

type Values = Readonly<Record<string, unknown>>;

/** Runs an operation for one caller. */
export type CompiledOperation = (asked: {
  readonly variables?: Values | undefined;
  readonly context: unknown;
}) => Promise<ExecutionResult>;

type Parts = {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | undefined;
  /** Objects that it completes in one place before it makes code for them. */
  readonly fewObjects?: number;
};

/**
 * Compiles a valid operation over a schema with resolvers: what is selected, coerced and completed is found out once, and each
 * run only calls resolvers. Answers, errors and what resolvers are told are those of graphql-js. Undefined for what only
 * graphql-js runs: introspection, subscriptions, and a document without such an operation.
 */
export function compile({ schema, document, operationName, fewObjects }: Parts): CompiledOperation | undefined {
  const operation = getOperationAST(document, operationName);
  const root = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || root == null || operation.operation === OperationTypeNode.SUBSCRIPTION) return undefined;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  if (introspects(document)) return undefined;
  const together = operation.operation === OperationTypeNode.MUTATION ? inSequence : inParallel;
  const stepFor = perCondition(document, (values) => {
    const scope: Scope = { schema, fragments: new Map(Object.entries(fragments)), values };
    const within: Within = { scope, operation: { schema, fragments, operation }, fewObjects };
    return together(stepsOf(root, [operation.selectionSet], within), fewObjects);
  });
  const coerce = coercer(schema, operation.variableDefinitions ?? []);
  return async ({ variables = {}, context }) => {
    const { coerced, errors: wrong } = coerce(variables);
    if (coerced === undefined) return { errors: wrong };
    const run: Run = { context, variables: coerced, errors: [] };
    const data = await complete(stepFor(coerced), run);
    return run.errors.length === 0 ? { data } : { errors: run.errors, data };
  };
}

function introspects(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field({ name }) {
      found ||= name.value === '__schema' || name.value === '__type';
    },
  });
  return found;
}

async function complete(step: Step, run: Run): Promise<Record<string, unknown> | null> {
  try {
    return (await step(undefined, undefined, run)) as Record<string, unknown>;
  } catch (error) {
    run.errors.push(error instanceof GraphQLError ? error : new GraphQLError(String(error)));
    return null;
  }
}

type Within = { readonly scope: Scope; readonly operation: Operation; readonly fewObjects: number | undefined };

function stepsOf(parent: GraphQLObjectType, sets: readonly SelectionSetNode[], within: Within): readonly NamedStep[] {
  const fields = parent.getFields();
  return [...fieldsOf(parent, sets, within.scope)].flatMap(([name, nodes]) => {
    const [first, ...others] = nodes;
    if (first === undefined) return [];
    if (first.name.value === '__typename') return { name, step: () => parent.name };
    const field = fields[first.name.value];
    if (field === undefined) return [];
    const coordinate = `${parent.name}.${field.name}`;
    const parts = { operation: within.operation, nodes, coordinate, objectOf: objects(nodes, within) };
    const complete = completer(field.type, parts);
    const step = fieldStep({ ...parts, parent, field, name, nodes: [first, ...others], complete });
    return { name, step, plain: plainOf(field) };
  });
}

/** How objects of a type are completed where these fields give them; compiled when the first one comes. */
function objects(nodes: readonly FieldNode[], within: Within): (type: GraphQLObjectType) => Complete {
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const known = new Map<GraphQLObjectType, Complete>();
  return (type) => {
    const kept = known.get(type);
    if (kept !== undefined) return kept;
    let steps: Step | undefined;
    const complete: Complete = (value, place, run) => {
      steps ??= inParallel(stepsOf(type, sets, within), within.fewObjects);
      return steps(value, place, run);
    };
    known.set(type, complete);
    return complete;
  };
}
