import type { FieldNode, OperationDefinitionNode, ValueNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';
import type { Variables } from './amount.ts';

/** The value of an argument as the client gives it; undefined when it gives none, null when it says so. */
export type Given = {
  readonly read: (variables: Variables) => unknown;
  /** True when it is the same for all variables. */
  readonly fixed: boolean;
};

export type GivenArguments = ReadonlyMap<string, Given>;

/** Defaults of an operation's variables, by name. */
export type Defaults = ReadonlyMap<string, unknown>;

export const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Defaults =>
  new Map(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  );

export const givenArguments = ({ arguments: given = [] }: FieldNode, defaults: Defaults): GivenArguments =>
  new Map(given.map(({ name, value }) => [name.value, givenValue(value, defaults)]));

function givenValue(node: ValueNode, defaults: Defaults): Given {
  if (holdsVariable(node)) return { read: reader(node, defaults), fixed: false };
  const value: unknown = valueFromASTUntyped(node);
  return { read: () => value, fixed: true };
}

function holdsVariable(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(holdsVariable);
  if (node.kind === Kind.OBJECT) return node.fields.some(({ value }) => holdsVariable(value));
  return node.kind === Kind.VARIABLE;
}

function reader(node: ValueNode, defaults: Defaults): Given['read'] {
  if (node.kind === Kind.VARIABLE) return variableReader(node.name.value, defaults);
  if (node.kind === Kind.LIST) {
    const items = node.values.map((item) => reader(item, defaults));
    return (variables) => items.map((read) => read(variables));
  }
  if (node.kind === Kind.OBJECT) {
    const fields = node.fields.map(({ name, value }) => [name.value, reader(value, defaults)] as const);
    return (variables) => Object.fromEntries(fields.map(([name, read]) => [name, read(variables)]));
  }
  const value: unknown = valueFromASTUntyped(node);
  return () => value;
}

/** A variable may be called `constructor`: only what the client sent counts. */
export function variableReader(name: string, defaults: Defaults): Given['read'] {
  const fallback = defaults.get(name);
  return (variables) => {
    const value = ownValue(variables, name);
    return value === undefined ? fallback : value;
  };
}

export const ownValue = (holder: object, name: string): unknown =>
  Object.hasOwn(holder, name) ? (holder as Readonly<Record<string, unknown>>)[name] : undefined;
