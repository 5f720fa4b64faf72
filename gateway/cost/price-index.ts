import type { DefinitionNode, DocumentNode } from 'graphql';
import { Kind } from 'graphql';
import { declarations } from './declarations.ts';
import type { InputType } from './input-types.ts';
import { inputTypes } from './input-types.ts';
import { introspection } from './introspection.ts';
import type { OutputType } from './output-types.ts';
import { outputTypes } from './output-types.ts';

/** What prices need of a supergraph. Made of maps: a field may be called `constructor`. */
export type PriceIndex = {
  /** Names of the types of `query` and `mutation`, and of `subscription` where there is one. */
  readonly roots: ReadonlyMap<string, string>;
  readonly outputTypeOf: (name: string) => OutputType;
  readonly inputTypeOf: (name: string) => InputType;
};

/** Reads a supergraph, which is taken to be valid: it composed. */
export function priceIndex(document: DocumentNode): PriceIndex {
  const declared = declarations(document);
  const roots = rootsOf(document.definitions);
  const definitions = [...document.definitions, ...introspection(roots.get('query') ?? '')];
  const inputs = inputTypes(definitions, declared);
  const outputs = outputTypes(definitions, declared);
  const inputTypeOf = (name: string): InputType => inputs.get(name) ?? { weight: 0, fields: new Map() };
  return {
    roots,
    inputTypeOf,
    // Scalars and enums weigh the same on both ways.
    outputTypeOf: (name) => outputs.get(name) ?? { ...inputTypeOf(name), fields: new Map(), concrete: new Set([name]) },
  };
}

function rootsOf(definitions: readonly DefinitionNode[]): ReadonlyMap<string, string> {
  const named = definitions.flatMap((node) => (node.kind === Kind.SCHEMA_DEFINITION ? node.operationTypes : []));
  return new Map([...defaultRoots, ...named.map(({ operation, type }) => [operation, type.name.value] as const)]);
}

const defaultRoots: readonly (readonly [string, string])[] = [
  ['query', 'Query'],
  ['mutation', 'Mutation'],
];
